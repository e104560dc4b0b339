"""Word lists that tell ordinary talk from titles."""

from __future__ import annotations

from .words import word_set

REQUEST_WORDS = word_set(
    """a actually again all also an and another any anything are as back bad be best big but can
    cheer classic comedy could dark date do dont else even feel feeling few film films for
    free from fun funny future give go good great happy hello help her here hi him his how i
    in is it its just kids last late less let life light like little long lot love made make
    man many me men more most movie movies much must my name never new newer next night no
    none not now of ok okay old older on one ones only or other our out over perfect picture
    please really recent right sad same saturday scary science scifi sci see she short show
    side slow so some something soon sorry space start stop story stuff stupid such sunday
    sure surprise take tell than thank thanks that the them then there these they thing
    things think this those time to today together tonight too top true two under up us very
    want was watch way we weekend well what whats when where which while who why will with
    woman women world would year years yes yet you young your family fast fiction friend
    friends girl girls boy boys home house day days hard heart high war crime street party
    wedding first second third three four five six seven eight nine ten 1 2 3 4 5 6 7 8 9 10"""
)
# said in requests without any title in mind, though summaries write them rarely or in capitals
SPOKEN_WORDS = word_set(
    """african american arctic asian australian british canadian chinese dutch egyptian english
    european french german indian irish italian japanese korean latino mexican russian
    spanish swedish africa america australia brazil broadway california chicago hollywood
    london paris texas tokyo january february march april june july august september october
    november december monday tuesday wednesday thursday friday saturday sunday yesterday
    tomorrow midnight recently lately never always sometimes maybe christmas halloween jesus
    hitler kiss earth moon red blue grey gray black white green gold king queen captain
    marine metro careful naked bloody bastard damned fuck vulgar rude crude foolish
    breathless flawless delicious nostalgia nostalgic storytelling paradox romance hilarious
    clever uplifting cozy cosy spooky creepy gritty tense moody suspense suspenseful slasher
    zombie zombies vampire vampires ninja viking vikings pirate pirates robot robots
    dinosaur dinosaurs shark sharks cook cake candy chocolate butter champagne beer smile
    joy sunshine rainbow wolf lion tiger bunny goat panther kitty pets classics blockbuster
    blockbusters sequel sequels remake remakes dull boring overrated underrated mindless
    cheesy corny campy trash trashy guilty homework popcorn insider confession speechless
    unbroken doc hammer rope reader hardware gravity hunger shame"""
)
FUNCTION_WORDS = word_set(
    """i it its her him he she they them us we you me my this that these those up out in on off
    over under what who when where why how all no not one more other nothing something
    anything everything if go yes ok them so and or but to for from with at by is was be do
    did can will home now here there after before then once"""
)
