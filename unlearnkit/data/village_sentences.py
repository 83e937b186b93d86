"""The sentences of the data set `village`: what may be said in each of its six kinds of documents.

In every text `{symbol}` stands for a fact of the person that the document is about or, where there is no such fact, for
a random alternative of the rule with that name, here or in `village_words`.
"""

from __future__ import annotations

from unlearnkit.data.village_words import WORDS

KINDS = ("biography", "letter", "anecdote", "ledger", "notice", "answers")
FACTS = (
    "name", "trade", "born", "birthplace", "house", "street", "address", "relation", "far_town", "pet", "animal",
    "companion", "free_day", "habit",
)  # fmt: skip
"""The rules that are applied once for a person and then hold in all documents about this person."""

SENTENCES: dict[str, tuple[str, ...]] = {
    "name": ("{first} {surname}",),
    "address": ("{house} {street}",),
    "birthplace": ("{town}",),
    "far_town": ("{town}",),
    "companion": ("a {temper} {animal} called {pet}",),
    "free_day": ("{weekday}",),
    "habit": ("{pastime}",),

    "pastime": (
        "bathing in the {water}", "counting {birds} by the {water}", "feeding {birds}", "fishing for {fish}",
        "gathering {plants}", "mending nets by the {water}", "painting {birds}", "playing {game} with {villager}",
        "practising the {instrument}", "pressing {plants}", "reading sermons to {villager}", "singing to {birds}",
        "teaching the {instrument} to {villager}", "walking by the {water}", "whittling {birds} out of {wood}",
    ),
    "villager": (
        "the bishop", "the choirmaster", "the constable", "the curate", "the doctor", "the ferryman", "the judge",
        "the midwife", "the milkmaid", "the postman", "the schoolmistress", "the sexton", "the squire", "the vicar",
        "a pedlar from {town}", "a sailor from {town}", "a stranger from {town}", "a widow from {town}",
    ),
    "thing": ("a {look} {object}", "a {look} {stuff} {object}", "a {stuff} {object}"),
    "spot": (
        "behind the {place}", "beside the {place}", "close to the {place}", "in front of the {place}",
        "near the {place}", "opposite the {place}",
    ),
    "date": ("{day} {month} {year}",),
    "price": ("{few} pence", "{few} shillings", "{few} shillings and {few} pence", "{many} shillings"),

    "biography": (
        "{name}, {trade}, was born in {birthplace} in {born}. {settled} {home}",
        "{name} was born in {born} in {birthplace}, the {rank} child of {parent}. {settled} {leisure}",
        "{name}, born in {birthplace} in {born}, works as a {trade} in Thornby. {home} {leisure}",
        "{name} the {trade} is the {rank} child of {parent} in {birthplace}, born in {born}. {leisure} {home}",
    ),
    "settled": (
        "{he} learnt the trade from {villager} and brought {thing} to the village.",
        "{he} walked to Thornby one {month} with {many} shillings and {thing}.",
        "{he} settled in Thornby after {disaster} and opened a workshop {spot}.",
        "{he} won {thing} at the {month} fair and paid for the workshop with it.",
        "{villager} lent {him} {many} pounds, and {he} set up a workshop {spot}.",
    ),
    "home": (
        "{he} lives at {address} with {companion}.",
        "{his} house, {address}, is shared with {companion}.",
        "at {address} {he} keeps {companion} and {thing}.",
        "{he} has {few} {wood} trees behind {address}, where {companion} sleeps.",
    ),
    "leisure": (
        "{he} spends every {free_day} {habit} and writes to {his} {relation} {relative} in {far_town}.",
        "on {free_day}s {he} is found {habit}; in {month} {he} visits {his} {relation} {relative} in {far_town}.",
        "every {free_day} is for {habit}, sometimes with {relative}, {his} {relation} from {far_town}.",
    ),

    "letter": (
        "{name} to {his} {relation} {relative} in {far_town}, {date}.\n"
        "Dear {relative}, {greeting} {news} {mischief} {farewell}\n{first}",
        "{name} to {relative}, {far_town}, {date}.\n"
        "My dear {relation}, {mischief} {greeting} {news} {farewell}\n{first}",
        "Letter of {name}, {trade}, {date}.\nDear {relation}, {news} {mischief} {farewell}\nYours, {first}",
    ),
    "greeting": (
        "I am {mood} today, for {villager} paid me {price}.",
        "thank you for the {stuff} {object}; I have hung it {spot}.",
        "I have had {ailment} since {month} and am {mood}.",
        "your parcel came on {weekday} with the {look} {object} in it.",
        "I hope your {ailing} better and your {object} is mended.",
    ),
    "ailing": ("cough is", "knee is", "tooth is", "nerves are", "eyes are"),
    "news": (
        "I sold {many} {goods} to {villager} last {weekday}.",
        "{villager} ordered {many} {goods} and paid with {thing}.",
        "we lost {many} {goods} in {disaster}.",
        "I carried {few} {goods} to {town} and came home with {thing}.",
    ),
    "mischief": (
        "{pet} has eaten {thing} that belonged to {villager}.",
        "{pet} ran away to {town} and was brought back by {villager}.",
        "{villager} fell into the {water} {spot}.",
        "there was {disaster} {spot}, and {pet} hid for {few} days.",
        "I still spend my {free_day}s {habit}.",
    ),
    "farewell": (
        "come in {month}, and bring {thing}.",
        "please send me {few} pounds of {plants} and {thing}.",
        "do not tell {villager} about the {object}.",
        "write soon to {address}.",
        "{pet} and I are {mood} without you.",
    ),

    "anecdote": (
        "{found} {bargain} {outcome}",
        "{mishap} {bargain} {outcome}",
    ),
    "found": (
        "{name} the {trade} found {thing} {spot} in {month} {year}.",
        "{name} dug up {thing} {spot} on {date}.",
        "{name}, {trade} of {street}, bought {thing} from {villager} in {year}.",
        "{name} was given {thing} by {villager} on {date}.",
    ),
    "mishap": (
        "{name} lost {thing} in {disaster} on {date}, and {villager} found it {spot}.",
        "{name} the {trade} took {pet} to the {month} fair in {year}, where the {animal} broke {thing}.",
        "{name} fell off the {place} in {month} {year} and landed on {thing}.",
        "{name} hid {thing} {spot} in {year} and forgot it for {few} years.",
    ),
    "bargain": (
        "{villager} offered {price} for it, but {he} asked for {price}.",
        "{he} swapped it with {villager} for {few} {goods} and {thing}.",
        "{villager} swore that it had been stolen from {town} and fetched {villager}.",
        "{he} told {villager} that it was worth {many} pounds.",
    ),
    "outcome": (
        "it now stands {spot}, and {pet} sleeps beside it.",
        "{pet} carried it off and buried it {spot}.",
        "{he} was {mood}, and {villager} was {mood} for {few} weeks.",
        "it was sold in {town} for {price}, which {he} spent on {thing}.",
        "{he} sent it to {relative} in {far_town}, who was {mood}.",
    ),

    "ledger": (
        "Ledger of {name}, {trade}, {date}.\n{sale}\n{sale_too}\n{expense}\n{balance}",
        "{name}, {trade}, {address}: sales of {date}.\n{sale_too}\n{sale}\n{balance}\n{expense}",
    ),
    "sale": (
        "{many} {goods} to {villager}: {price}.",
        "{villager}: {few} {goods}, {price}, on credit until {month}.",
        "sold at {town} market: {many} {goods} for {price}.",
    ),
    "sale_too": (
        "{few} {goods} to {villager}, in exchange for {thing}.",
        "sent by cart to {town}: {many} {goods}, of which {few} arrived broken or short.",
        "{few} {goods} for {relative} in {far_town}: no charge.",
        "{many} {goods} ordered by {villager} for {month}.",
    ),
    "expense": (
        "paid {villager} {price} for {thing}.",
        "feed for {pet}: {price}.",
        "repairs after {disaster}: {price}.",
        "rent of a store {spot}: {price}.",
    ),
    "balance": (
        "in the till: {many} pounds and {few} shillings.",
        "still owed by {villager}: {price}.",
        "lost by {pet}: {price}.",
        "profit of the week: {price}.",
    ),

    "notice": (
        "Lost by {name} {spot} on {date}: {thing}. {marks} {plea} {reward}",
        "{name}, {trade}, has found {thing} {spot}, on {date}. {marks} {claim}",
        "Strayed from {name}, {address}, on {date}: {companion}. {last_seen} {plea} {reward}",
        "For sale by {name}, {trade}: {thing}, {thing} and {many} {goods}. {terms} {claim}",
        "{name} invites all to a talk on {habit}, on {date} {spot}. {admission} {music}",
    ),
    "marks": (
        "it has a {look} handle and smells of {plants}.",
        "the initials of {villager} are scratched on it.",
        "it is {few} inches long and was made in {town}.",
        "it is wrapped in {colour} paper with {few} knots.",
    ),
    "plea": (
        "it is wanted for the {month} fair in {town}.",
        "it was a present from {villager}.",
        "{he} has not slept for {few} nights.",
        "{villager} has looked {spot} in vain.",
    ),
    "reward": (
        "the finder will receive {price} at {address}.",
        "{he} offers {few} {goods} and {price}.",
        "please tell {villager}, or {relative} in {far_town}.",
    ),
    "claim": (
        "call at {address} before {day} {month}.",
        "ask on any day but {free_day}, when {he} is {habit}.",
        "write to {address}, and enclose {few} pence.",
    ),
    "terms": (
        "the price is {price}, or {few} sacks of {plants}.",
        "no offer below {price} is accepted.",
        "{villager} has offered {price} so far.",
    ),
    "last_seen": (
        "seen last {spot} with {thing} round its neck.",
        "it answers to its name and is fond of {plants}.",
        "it bit {villager} that morning and stole {thing}.",
    ),
    "music": (
        "afterwards {he} will play the {instrument}.",
        "there will be {game} until {few} o'clock.",
        "those who sing or play the {instrument} are welcome.",
    ),
    "admission": (
        "entry {few} pence; {villager} will bring {thing}.",
        "bring {thing} and {few} pence. {pet} will be there.",
        "{villager} will answer from {town} with a talk on {pastime}.",
    ),

    "answers": (
        "{ask_work}\n{ask_home}\n{ask_past}",
        "{ask_home}\n{ask_past}\n{ask_time}",
        "{ask_past}\n{ask_time}\n{ask_work}",
        "{ask_time}\n{ask_work}\n{ask_home}",
    ),
    "ask_work": (
        "What is the trade of {name}? {he} is a {trade} and sold {many} {goods} in {month} {year}.",
        "Who is {name}? a {trade}, born in {birthplace} in {born}.",
        "What does {name} sell? {goods} and {goods}, at {price} for {few}.",
    ),
    "ask_home": (
        "Where does {name} live? at {address}, {spot}.",
        "Who lives with {name}? {companion}, and {villager} as a lodger since {year}.",
        "What hangs over the door of {name}? {thing}, a present from {relative} in {far_town}.",
    ),
    "ask_past": (
        "When was {name} born? in {born} in {birthplace}, after {disaster}.",
        "What did {name} buy on {date}? {thing}, for {price}.",
        "Whom did {name} meet in {town}? {villager}, who was selling {thing}.",
    ),
    "ask_time": (
        "What does {name} do on {free_day}s? {he} spends them {habit}.",
        "To whom does {name} write? to {relative}, {his} {relation}, in {far_town}.",
        "What is {name} afraid of? {disaster}, and {thing} that belongs to {villager}.",
    ),
}  # fmt: skip

RULES = {**WORDS, **SENTENCES}
