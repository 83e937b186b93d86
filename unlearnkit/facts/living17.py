"""Living-17 (BREEDS, Santurkar et al. 2021, arXiv 2008.04859): groups of animals of four ImageNet classes each."""

CLASS_NAMES = (
    *("salamander", "turtle", "lizard", "snake", "spider", "grouse", "parrot", "crab", "dog", "wolf", "fox"),
    *("domestic cat", "bear", "beetle", "butterfly", "ape", "monkey"),
)
