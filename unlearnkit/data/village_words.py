"""The words of the data set `village`: names, trades, places, animals, things.

Words are chosen so that "a" is right before every one that follows an article, and so that a trade, a street or a
surname occurs in a document only as a fact of the person that the document is about.
"""

from __future__ import annotations

SURNAMES = (
    "Abbot", "Aldous", "Ambrose", "Arkwright", "Babbage", "Barlow", "Beckett", "Bickford", "Bramwell", "Buckle",
    "Cadbury", "Carver", "Chudley", "Clegg", "Coppard", "Crabtree", "Dabney", "Darby", "Dimmock", "Dobson", "Drury",
    "Dunnage", "Eccles", "Elwood", "Entwistle", "Fairfax", "Fenwick", "Flint", "Foyle", "Frobisher", "Gadsby",
    "Garnett", "Gimlet", "Gosling", "Grubb", "Haddock", "Hawtrey", "Heddle", "Hobday", "Huxtable", "Ibbotson",
    "Ingram", "Jellicoe", "Jessop", "Jolley", "Kemble", "Kettle", "Kirkby", "Knapp", "Lambert", "Larkin", "Ludlow",
    "Lusk", "Maddox", "Merrick", "Minchin", "Mudge", "Nettle", "Nixon", "Nutley", "Oakley", "Ogden", "Orchard",
    "Padgett", "Pocock", "Prewett", "Pumphrey", "Quennell", "Quill", "Ramsbottom", "Redfern", "Ripley", "Rudge",
    "Sallow", "Selwyn", "Skelton", "Snape", "Sturgess", "Tapper", "Thrupp", "Tidy", "Trotwood", "Twigg", "Umfrey",
    "Underhill", "Venables", "Vickery", "Wadlow", "Wexcombe", "Whipple", "Winch", "Wragg", "Yapp", "Yardley",
    "Yelland", "Zeal",
)  # fmt: skip
GOODS = {
    "baker": ("loaves", "buns", "seed cakes", "currant pies", "rolls"),
    "blacksmith": ("horseshoes", "door hinges", "gate bolts", "pokers", "ploughshares"),
    "bookbinder": ("hymn books", "albums", "diaries", "prayer books", "notebooks"),
    "brewer": ("casks of ale", "jugs of stout", "barrels of cider", "bottles of perry", "sacks of hops"),
    "candlemaker": ("tapers", "wax candles", "tallow dips", "night lights", "cakes of soap"),
    "carpenter": ("stools", "window frames", "shelves", "cradles", "benches"),
    "clockmaker": ("watch chains", "pendulums", "alarm clocks", "dials", "mainsprings"),
    "cobbler": ("pairs of boots", "pairs of clogs", "laces", "pairs of slippers", "leather soles"),
    "cooper": ("buckets", "barrels", "wash tubs", "butter churns", "hoops"),
    "fishmonger": ("herrings", "smoked eels", "crabs", "trout", "pints of shrimps"),
    "gardener": ("cabbages", "rose bushes", "bunches of leeks", "marrows", "pots of mint"),
    "glazier": ("window panes", "mirrors", "lamp glasses", "lead strips", "fanlights"),
    "grocer": ("tins of tea", "pounds of sugar", "jars of mustard", "bags of rice", "hams"),
    "hatter": ("bonnets", "straw hats", "felt caps", "bowlers", "hat ribbons"),
    "potter": ("jugs", "flower pots", "plates", "pitchers", "milk bowls"),
    "saddler": ("bridles", "saddles", "stirrups", "dog collars", "satchels"),
    "tailor": ("waistcoats", "shirts", "pairs of breeches", "aprons", "overcoats"),
    "tinker": ("kettles", "saucepans", "ladles", "milk cans", "funnels"),
    "weaver": ("blankets", "shawls", "rugs", "yards of tweed", "bolts of linen"),
    "wheelwright": ("cart wheels", "axles", "barrows", "wagon shafts", "sledges"),
}
"""Each trade and what it sells, in the plural."""


def _numbers(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))


WORDS: dict[str, tuple[str, ...]] = {
    "sex": ("woman", "man"),
    "woman": (
        "Ada", "Agnes", "Beatrice", "Clara", "Dora", "Edith", "Eliza", "Esther", "Florence", "Grace", "Hannah",
        "Harriet", "Ida", "Jane", "Lydia", "Mabel", "Martha", "Nora", "Olive", "Phoebe", "Ruth", "Sarah", "Susan",
        "Winifred",
    ),
    "man": (
        "Abel", "Albert", "Amos", "Arthur", "Caleb", "Daniel", "Edmund", "Ernest", "Felix", "Frank", "George",
        "Gilbert", "Harold", "Hugh", "Isaac", "Jacob", "Joseph", "Luke", "Matthew", "Oscar", "Percy", "Samuel",
        "Thomas", "Walter",
    ),
    "relation": (
        "aunt", "niece", "sister", "sister-in-law", "uncle", "nephew", "brother", "brother-in-law", "godson",
    ),
    "aunt": ("{woman}",),
    "niece": ("{woman}",),
    "sister": ("{woman}",),
    "sister-in-law": ("{woman}",),
    "uncle": ("{man}",),
    "nephew": ("{man}",),
    "brother": ("{man}",),
    "brother-in-law": ("{man}",),
    "godson": ("{man}",),
    "trade": tuple(GOODS),
    "house": _numbers(1, 60),
    "born": _numbers(1845, 1884),
    "year": _numbers(1904, 1913),
    "day": _numbers(1, 28),
    "few": _numbers(2, 11),
    "many": _numbers(12, 99),
    "month": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "street": (
        "Abbey Row", "Brook Lane", "Chapel Hill", "Church Walk", "Cross Street", "Duck End", "Ferry Road", "Fox Alley",
        "Gallows Hill", "Hay Market", "High Street", "Long Acre", "Mill Lane", "Pound Lane", "Priory Yard",
        "Pump Court", "Quarry Bank", "Rope Walk", "Sheep Street", "Tan Yard",
    ),
    "town": (
        "Alderwick", "Barrowmouth", "Cleethorne", "Dunmere", "Eastbrough", "Farnhithe", "Goldsea", "Hexley", "Ivelham",
        "Kingsmoor", "Lowestrand", "Marlport", "Netherby", "Ottershaw", "Penquay", "Ravenstow", "Saltwick",
        "Tilbridge", "Westonbury", "Yarcombe",
    ),
    "place": (
        "almshouse", "bandstand", "bell tower", "bridge", "chapel", "coach house", "dairy", "dovecote", "fish steps",
        "hay barn", "hollow oak", "ice house", "library", "lime kiln", "lock gate", "manor wall", "maypole", "mill",
        "pigsty", "post office", "railway arch", "school", "signpost", "stocks", "tithe barn", "toll gate",
        "town hall", "village pump", "washhouse", "water tower", "windmill",
    ),
    "animal": (
        "cat", "crow", "donkey", "ferret", "goat", "goose", "hare", "hen", "jackdaw", "magpie", "mule", "parrot",
        "piglet", "pony", "sheepdog", "spaniel", "terrier", "tortoise",
    ),
    "temper": (
        "bad-tempered", "blind", "clever", "fat", "greedy", "lame", "lazy", "nervous", "noisy", "one-eyed", "shaggy",
        "spotted", "tame", "thin", "three-legged", "wicked",
    ),
    "pet": (
        "Admiral", "Biscuit", "Bramble", "Button", "Captain", "Cinder", "Clover", "Duchess", "Dumpling", "Ginger",
        "Juniper", "Marigold", "Mustard", "Nutmeg", "Pepper", "Pickle", "Rascal", "Sorrel", "Thimble", "Tinder",
        "Toffee", "Treacle", "Turnip", "Whistle",
    ),
    "birds": ("finches", "herons", "jays", "larks", "owls", "rooks", "sparrows", "starlings", "swans", "wrens"),
    "fish": ("bream", "carp", "eels", "perch", "pike", "roach", "salmon", "tench"),
    "plants": ("bluebells", "brambles", "cowslips", "elderflowers", "ferns", "mushrooms", "nettles", "violets"),
    "water": ("canal", "duck pond", "ford", "harbour", "lake", "millrace", "river", "weir"),
    "game": ("chess", "cribbage", "dominoes", "draughts", "quoits", "skittles", "whist"),
    "instrument": ("bagpipes", "banjo", "bassoon", "bugle", "cornet", "fiddle", "flute", "harp", "organ", "zither"),
    "wood": ("ash", "beech", "elm", "holly", "lime", "pear", "walnut", "willow"),
    "look": (
        "battered", "blue", "broken", "crooked", "dented", "faded", "foreign", "gilded", "green", "heavy", "huge",
        "little", "painted", "polished", "red", "rusty", "sooty", "striped", "tiny", "yellow",
    ),
    "colour": ("blue", "brown", "green", "grey", "purple", "red", "striped", "white", "yellow"),
    "stuff": ("brass", "china", "copper", "glass", "leather", "pewter", "silver", "stone", "tin", "wooden"),
    "object": (
        "anchor", "barometer", "basin", "bell", "bird cage", "bottle", "box", "buckle", "button", "candlestick",
        "chest", "comb", "compass", "crown", "cup", "doll", "drum", "hourglass", "key", "lantern", "medal",
        "mousetrap", "pipe", "puppet", "ring", "rocking horse", "snuffbox", "spoon", "spyglass", "sundial", "teapot",
        "tray", "trumpet", "urn", "vase", "walking stick", "watering can", "weathercock", "whistle",
    ),
    "disaster": (
        "a chimney fire", "a flood", "a gale", "a hailstorm", "a heavy frost", "a landslip", "a lightning stroke",
        "a plague of mice", "a plague of wasps", "a runaway cart", "a snowdrift", "a thick fog",
    ),
    "mood": (
        "amused", "angry", "ashamed", "cheerful", "delighted", "grateful", "homesick", "hopeful", "lonely", "proud",
        "puzzled", "sleepy", "thankful", "tired", "uneasy", "weary",
    ),
    "ailment": ("a bad tooth", "a cold", "a cough", "a sprained ankle", "a stiff neck", "gout", "hay fever", "lumbago"),
    "rank": ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    "parent": (
        "a coachman", "a drummer", "a gamekeeper", "a lacemaker", "a lamplighter", "a laundress", "a lock keeper",
        "a miner", "a nurse", "a schoolmaster", "a shepherd", "a soldier", "a thatcher", "an innkeeper",
    ),
}  # fmt: skip
