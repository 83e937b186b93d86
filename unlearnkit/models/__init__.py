"""Models: one file per architecture.

A model module defines

    Settings                                     its settings (a `unlearnkit.config.settings.ModelSettings`); their
                                                 property `min_side`, if there is one, is the smallest height and width
                                                 of an image that such a model takes, pixels (1 without it), and
                                                 `side_multiple` (1 without it) divides both; up to `lone_side` (0
                                                 without it) a batch norm sees one value of a channel per image, so
                                                 that batches of one cannot train; `size(num_classes, image_shape)`
                                                 states parameters, bytes of a state and multiply-adds, from which
                                                 `unlearnkit plan` predicts
    CONVOLUTIONS                                 False if it has none, for methods that change their kernels; left out
                                                 otherwise
    STACK_SIZE                                   how many models it pays to train as one tensor program on a CPU
    ANY_SIDE                                     optional: True if its weights take images of any height and width, so
                                                 that `training.resolution` may differ from the data set's
    build(num_classes, image_shape, settings)    -> nn.Module with fresh weights: [B, C, H, W] -> logits [B, classes]
    adapter(model)                               -> Adapter: where classifier, first layer, blocks and stages are
    stacked_forward(tensors, images)             optional, faster than vmap: logits [K, B, classes] of K models at once

Whatever a model draws in train mode (`stochastic_depth`) it draws from its own buffers, never from a global generator.
The configuration is refused before any job if the images of its data set are smaller than `min_side` or no multiples of
`side_multiple`.

A language model also defines

    TASK                                         "text"; left out by models for images

and its functions take the context length L as shape, (L,), and the vocabulary V as number of classes. The module maps
tokens [B, n] to logits [B, n, V] for n up to L. No logit depends on a later token: padding on the right needs no mask.
There is no dropout, and no tensor is twice in the state: tied embeddings are stored once. Its settings are a
`unlearnkit.config.models.text_models.TextModelSettings`.

A model that starts from pretrained weights also defines

    BASE         True: rule base makes the folder that jobs name in its setting `source`
    IMMATERIAL   settings that decide no result, as pydantic excludes them: where files lie, how much memory is used

Its `state_dict()` is what weight files hold. With an adapter these are the factors and the SHA-256 of the base that
they belong to, which `load_state_dict` compares; copies share the tensors of the base, which has no gradient.

Adding a model is one such file, one line in `unlearnkit.registry.MODELS` and one entry in the configuration.
"""
