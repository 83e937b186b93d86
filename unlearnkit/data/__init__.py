"""Data sets and forget sets: raw files in, NumPy arrays out.

A data set module defines, as literals (the configuration reads them without importing the module),

    NUM_CLASSES, IMAGE_SHAPE        classes; (channels, height, width)
    TRAIN_SIZE, VALIDATION_SIZE     samples per split; validation is the publisher's test set where there is one
    MEAN, STD                       per channel, of pixels scaled to 0..1: what the images are normalised with
    CLASS_NAMES                     one name per class, in the order of the labels
    CONTENT_HASH                    `ImageSet.content_hash` of the whole data set, None where it is not known
    CHECKED_BY                      where CONTENT_HASH is None: what `load` checks instead
    SOURCE                          who publishes it, for the error messages
    DOWNLOAD_BYTES                  size of what `load(None)` downloads, 0 if nothing
    DOWNLOAD_FOLDER                 folder below `data/` that the download fills (left out if there is none)
    VIEWS                           named sets that methods may read beside retain and forget set, as they declare under
                                    the same name; "validation" is always there (left out if there are no others)
    load(root) -> ImageSet          the whole data set, with the published positions of rows where their order is not
                                    the publisher's, and their file names if they have any; `root` None: from `data/`
    raw_paths(root) -> tuple[Path, ...]     the files that it is read from, inputs of rule dataset, so that changes to
                                    them are noticed (left out where a published hash pins them); run without importing
                                    the module, so it uses constants, `pathlib` and `raw_files.folder_with` alone

and imports torch, torchvision and scikit-learn only inside `load`. With `root` None it downloads into `data/` what can
be downloaded. Everything else gets its images through `loading`, which compares what `load` returned with CONTENT_HASH
and then splits, cuts and resizes it. Samples are counted within their split: `sample_index` 0 of the validation split
is the first validation image, and published index lists stay valid.

A data set of the user's own, of which no constant can state the size, defines CONTENT_HASH (None), CHECKED_BY, SOURCE
and DOWNLOAD_BYTES (0) as literals, and

    facts(root, data) -> ImageFacts     sizes of the splits, class names and shape, measured from the files; `data` is
                                    the block `data` of the configuration. It is run whenever a configuration is read,
                                    in every job too, without importing the module: it imports inside what it needs,
                                    never torch, lists files and reads headers only
    raw_paths(root)                 as above
    load(root, data) -> ImageSet    with these facts; images have the shape that `data.image` states already
    HOLDS_OUT                       True if a share of `data.holdout` validates (left out otherwise)

Copies in two of its splits or classes are reported or refused (`own_images.refuse_copies`).

A text data set defines, again as literals,

    TASK                            "text"
    TOKENISED                       True if it is published as tokens (left out otherwise)
    VOCABULARY_SIZE, END_OF_TEXT    of tokenised ones: the number of tokens, and the one that documents begin with; they
                                    must be those of GPT-2's tokenizer
    CONTENT_HASH                    `Corpus.content_hash` of the whole data set, None where it is not known
    CHECKED_BY, SOURCE, DOWNLOAD_BYTES, DOWNLOAD_FOLDER, VIEWS      as above
    documents(root, settings) -> Corpus     its documents; `settings` are those of `hub_text`, else None
    raw_paths(root, settings) -> tuple[Path, ...]   of the user's own text: the files that it is read from, inputs of
                                            rule tokens; otherwise as above
    shards(root) -> TokenFiles              of tokenised ones, instead of documents: its token shards

and imports the packages for text only inside functions. It is read through `text_loading`.

A text data set of question-answer pairs defines, beside what every text data set does but instead of documents,

    PAIRS                           True
    VIEWS                           ("holdout", "refusals", "retain_refusals", "alternatives"), which every text set of
                                    pairs provides
    FORGET_LISTS                    name -> number of pairs of the published forget lists, None where it is not known
    FURTHER_SPLITS                  name -> number of pairs of the splits that are evaluated and never trained on, some
                                    of those that `unlearnkit.metrics.population` names (left out if there are none)
    DOCUMENTS                       splits that hold documents, which have no question (left out if there are none);
                                    where "train" is among them, VIEWS has no refusals
    TRAIN_SIZE                      number of training pairs (left out where it is not known)
    CONTENT_HASH                    `PairSet.content_hash`
    pairs(root, settings) -> PairSet    its splits and forget lists; `settings` are `data.pairs`

It is read through `pair_loading`.

Adding a data set is one such file, one line in `unlearnkit.registry.DATASETS` and one entry in the configuration.
"""
