"""What a named or pointed-at item is to the wish: an example, its opposite, seen, liked, disliked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .polarity import Cue, negated_before, polarity_at
from .reading import Mention, Role
from .text import Span

_ARTICLES = re.compile(
    r"(?:\b(?:the|a|an|film|movie|called|also|both|all|watching|of)\s+|[\"'(,:]\s*)+$"
)
_THAN_YEAR = re.compile(
    r"\b(?:newer|older|earlier|later|recent|before|after|year|decade|era|time)(?: than| as)?\s*$"
)
_THAN = re.compile(r"\bthan\s*$")
_WHY = re.compile(
    r"\bwhy(?: (?:did you (?:pick|choose|suggest|recommend|show)|is|was|on earth))?(?: me)?\s*$"
)
_SIMILAR = re.compile(
    r"\b(?:films?|movies?|flicks?|something|anything|stuff|things?|ones?|more|just|much|shows?|books?|games?|exactly|bit|sort of|kind of|similar(?: \w+)?"
    r"|look|feel|feels|works|vibes?|thrillers?|comed(?:y|ies)|dramas?|tone|style|mood|classics?|westerns?|musicals?|else|them|it|picks?) like\s*$"
    r"|^like\s*$|\b(?:similar|close|akin|comparable|closer|closest|nearest|equal) to\s*$|\b(?:vein|style|spirit|mood|manner|wit|charm|feel|feeling|tone|energy|vibes?|look|humou?r|magic|warmth|atmosphere|equivalent|version|kind|sort|likes) of\s*$|\bas (?:\w+ ){1,3}as\s*$|\bsame (?:\w+ )?(?:as|like)\s*$|\bthe next best thing to\s*$|\balong the lines of\s*$"
    r"|\b(?:such as|à la|a la|reminds? me of|reminiscent of|inspired by|like)\s*$"
)
_NOT_SIMILAR = re.compile(r"\bunlike\s*$|\b(?:opposite of|far from)\s*$")
_SUBJECT = r"(?:\bi|\bwe|\bi've|\bwe've)"
_ADVERBS = r"(?: (?:really|absolutely|just|also|totally|truly|do|did|have|already|quite|both|so|always|recently|much|very|all|completely|even|actually|only))*"
_LIKED = re.compile(
    r"\b(?:thumbs up|hats off|kudos|ten out of ten|10/10)(?: for| to| on)?\s*$|"
    rf"{_SUBJECT}{_ADVERBS} (?:love|loved|like|liked|enjoy|enjoyed|adore|adored|dig|dug)(?: (?:watching|seeing))?\s*$"
    r"|(?:^|[.!;,] ?|\band |\bbut )(?:really |absolutely |already )?(?:loved|liked|enjoyed|adored|love)\s*$"
    r"|\bfavou?rites?(?: (?:films?|movies?|ones?))?(?: of (?:mine|all time))?(?: (?:is|are|was|would be|include)|:)?\s*$"
    r"|\b(?:a )?(?:big |huge )?fan of\s*$|\b(?:loved|enjoyed|liked)\s*$"
)
_DISLIKED = re.compile(
    r"\b(?:thumbs down|zero stars|(?:hard|big) (?:no|pass))(?: for| to| on)?\s*$|\bnot (?:at all |very |really )?impressed (?:by|with)\s*$|"
    r"\b(?:hate|hated|dislike|disliked|detest|detested|loathe|loathed|despise|couldn't stand|can't stand|bored by|disappointed by|walked out of|(?:sat|slogged|suffered|struggled|yawned|dragged myself|dozed) (?:through|thru)|couldn't (?:finish|get through|get into|sit through)|didn't finish|never finished|turned off|switched off|gave up on|fell asleep (?:during|watching|in)|regret(?:ted)?(?: watching)?|struggled (?:with|through)|bored to tears by|let down by|underwhelmed by)\s*$"
    r"|\b(?:didn't|did not|don't|do not|never) (?:really |even )?(?:like|love|enjoy|care for|get|dig)\s*$"
    r"|\bnot (?:a|much of a|a big|really a) fan of\s*$"
)
_SEEN = re.compile(
    r"\b(?:seen|watched|saw|rewatched|finished|know|own)(?: (?:already|just|recently|all|both))*\s*$"
)
_GREAT = r"great|amazing|brilliant|fantastic|awesome|wonderful|excellent|perfect|good|superb|lovely|fun|beautiful|stunning|gorgeous|incredible|outstanding|hilarious|moving|genius|phenomenal|fabulous|terrific|impressive|sublime|gripping|spot[ -]on|magnificent|magical|breathtaking|touching|a blast|a gem|a classic|a treat|a delight|the best|unforgettable"
_POOR = r"terrible|boring|awful|bad|crap|rubbish|horrible|dull|stupid|shit|lame|overrated|disappointing|a disappointment|trash|garbage|unbearable|unwatchable|mediocre|meh|pretentious|tedious|painful|cringe|cringey|atrocious|dreadful|forgettable|bland|ridiculous|annoying|a mess|a letdown|a let-down|a waste of time|a snooze|a drag|a bore|the worst|nothing special|not (?:good|great|for me|my (?:thing|cup of tea|style)|that good)|too long|long"
_HOW = r"(?:so |really |very |just |a bit |a little |too |absolutely |totally |truly |pretty |quite |simply |actually |kind of |kinda |super |way too |such |an |a |pure |complete |total |utter |bit |some of |all )*"
_AFTER_GOOD = re.compile(
    rf"^\W*(?:is|was|are|were|'s|may be|might be|must be|could be|has to be|remains) (?:{_HOW}(?:masterpiece|{_GREAT})|(?:probably |still |hands down )?(?:one of )?(?:my|our) (?:\w+[ -]){{0,3}}favou?rites?)\b|^ (?:really |just )?(?:had|kept|left|got) (?:me|us|my|the whole|everyone|the kids)\b(?! (?:cold|bored|asleep|confused|yawning|wanting|disappointed))|^[^.!?]{{0,60}}(?<![\d.])(?:10|9|8(?:\.5)?|9\.5)(?:/| out of )10\b|^[^.!?]{{0,60}}\b(?:5|five|4\.5)(?:/5| stars?\b| out of 5)"
    r"|^ (?:really |totally |just |absolutely )?(?:rocks|rocked|rules|ruled|slaps|blew (?:me|us) away|blew my mind|made me (?:cry|laugh|smile)|broke me|moved me|got me hooked|holds up|stuck with me|changed my life)\b|^\W*(?:is|was|are|were) (?:an?|one of (?:the|my|our)|such an?) (?:\w+[ -]){0,3}favou?rites?\b|^\W*(?:is|was|are|were) (?:exactly|just|precisely) (?:what|the (?:thing|one|kind|sort)) (?:of film |of movie )?(?:i|we) (?:wanted|needed|was looking for|were looking for|had in mind)\b|^,? (?:brilliant|amazing|loved (?:it|that|them|every minute)|what a (?:film|movie|ride))\b"
    r"|^\W*(?:is|was|are|were) (?:my (?:\w+ )?favou?rites?|(?:so |really |very |absolutely |just )*(?:great|amazing|brilliant|fantastic|awesome|wonderful|excellent|perfect|good|superb|lovely|fun))\b"
)
_AFTER_BAD = re.compile(
    rf"^\W*(?:is|was|are|were|seemed|felt) {_HOW}(?:{_POOR})\b|^ {_HOW}(?:overrated|underwhelming|boring)\b"
    r"|^[,;.]? (?:but )?(?:not|never) (?:a|much of a|really a|a big|the biggest) fan\b|^[?!.,]* (?:not for (?:me|us)|wasn't for (?:me|us)|no thanks|no thank you|nope|hard pass|hated (?:it|that)|couldn't (?:finish|stand) (?:it|that))\b"
    r"|^,? (?:put (?:me|us) to sleep|sent (?:me|us) to sleep|left me cold|did (?:nothing|very little|little) for (?:me|us)|(?:was|were|is) (?:a slog|a chore|an ordeal|hard work)|did(?:n't| not) (?:do it|work|land|do anything|do much) for (?:me|us)|bored (?:me|us)|lost me|let me down|annoyed me|isn't (?:for me|my)|is not (?:for me|my)|wasn't (?:for me|my|great|good)|was not (?:for me|my|great|good)|not for me|not my (?:thing|cup of tea)|no thanks|no thank you|ruined|dragged|makes me (?:sick|cringe)|made me (?:sick|cringe|fall asleep))\b"
    r"|^\W*(?:is|was|are|were) (?:so |really |very |just |a bit |too |absolutely )*(?:terrible|boring|awful|bad|crap|rubbish|horrible|dull|stupid|shit|lame|overrated|disappointing|a disappointment|trash|long)\b"
    r"|^ (?:really |totally |just )?(?:sucks|sucked|stinks|bored me|bores me|had me (?:bored|asleep|yawning))\b|^[^.!?]{0,60}(?<![\d.])[0-4](?:/| out of )10\b|^[^.!?]{0,60}\b(?:1|one|2|two|zero|0)(?:/5| stars?\b| out of 5)"
)
_LOOKS_BAD = re.compile(
    rf"^\W*(?:looks?|sounds?|seems?|feels?) {_HOW}(?:{_POOR}|old|dated|silly|cheesy|violent|scary|dark|depressing|sad)\b"
)
# no verdict on the film, only not this one: "Heat won't do", "Heat is out"
_AFTER_NOT_NOW = re.compile(
    r"^,? (?:won't|will not|wouldn't|would not|doesn't|does not|can't|cannot) (?:quite |really )?(?:do(?: it| tonight| today| at all)?(?= ?(?:$|[.,;:!?]))|work(?: for (?:me|us))?\b|cut it\b|fit\b)|^,? (?:is|are) (?:out|not it|no good|no option|not an option|not what (?:i|we)(?: \w+|'m|'re)?(?: \w+)?)(?= ?(?:$|[.,;:!?]))|^,? (?:isn't|is not|aren't|wasn't) (?:it|quite it|what (?:i|we) (?:want|wanted|meant|need|asked for)|what (?:i'm|we're|i am|we are) (?:after|looking for))(?= ?(?:$|[.,;:!?]))"
)
# "is there a Heat for children": a title with an article is a kind of film
_AS_A_KIND = re.compile(r"\b(?:an?|another|any)\s+$")
_KIND_GOES_ON = re.compile(r"^ (?:for|but|in|with|set|meets|about|without)\b")
_AFTER_SEEN = re.compile(
    r"^,? ?(?:(?:i've|i have|we've|we have) (?:already )?(?:seen|watched)|already seen|seen (?:it|that))\b"
)
_REST_OF_CLAUSE = re.compile(r"(?:(?!\b(?:but|and|so|give|show|i|something|anything)\b)[^.,;:!?])*")
_OTHERS = re.compile(
    r"\b(?:my (?:\w+ )?\w+|he|she|they|everyone|everybody|people|friends|kids)(?: (?:really|absolutely|just|also|always|all|both))* (?:love|loves|loved|like|likes|liked|adore|adores|adored|enjoy|enjoys|enjoyed)\s*$"
)
_SPEAKER = re.compile(r"\b(?:i|we|i've|we've|both|kids and i)\b[^.]{0,12}$")
_LIST_GAP = re.compile(r"^\s*(?:,|and|or|&|,? and|,? or|as well as|plus|/)\s*(?:also |the )?$")
_TIRED = re.compile(r"\b(?:sick of|tired of|bored (?:of|with)|fed up with|enough of)\s*$")
_WOULD_LIKE = re.compile(
    r"\b(?:i'd|i would|we'd|we would|you'd|i|we) (?:really |rather )?(?:like|love|prefer|want|have)\s*$"
)
_REFUSED_LIKE = re.compile(r"\b(?:like|similar to|in the vein of|style of)\s*$")


def assign_roles(
    plain: str, mentions: Sequence[Mention], cues: Sequence[Cue]
) -> tuple[Mention, ...]:
    """Give every mention its role. In a list ("Heat and Fargo") the first one's role holds for all.

    Args:
        plain: Lower-case text with the mentions masked.
        mentions: In order of appearance.
        cues: What `polarity.read_cues` found in `plain`.
    """
    done: list[Mention] = []
    for mention in mentions:
        if done and _LIST_GAP.search(plain[done[-1].end : mention.start]):
            role = done[-1].role
        else:
            role = _role(plain, mention, cues)
        done.append(replace(mention, role=role))
    return tuple(done)


def follows_similarity(plain: str, mention: Mention) -> bool:
    """True when "like", "similar to" or the like stands right before the mention."""
    before = _ARTICLES.sub("", plain[: mention.start])
    wants = mention.by_word and _WOULD_LIKE.search(before)
    article = _AS_A_KIND.search(plain[: mention.start])
    if article and not mention.pointed and _KIND_GOES_ON.match(plain[mention.end :]):
        return True
    return bool(_SIMILAR.search(before)) and not (_LIKED.search(before) or wants)


def _role(plain: str, mention: Mention, cues: Sequence[Cue]) -> Role:
    before = _ARTICLES.sub("", plain[: mention.start])
    after = plain[mention.end :]
    if _THAN_YEAR.search(before):
        return "than"
    if _WHY.search(before):
        return "plain"
    bad = _bad(before, after, mention)
    if bad is not None:
        return bad
    if mention.by_word and _WOULD_LIKE.search(before):
        return "plain"
    if polarity_at(plain, cues, mention.start, name=True) == "refuse":
        return _refused(before, plain, mention)
    if _SIMILAR.search(before) and not _LIKED.search(before):
        return "seed"
    return _opinion(before, after, plain, mention)


def _bad(before: str, after: str, mention: Mention) -> Role | None:
    """The role of what is spoken ill of; "these are boring" judges a slate, no film in it."""
    shown = mention.by_word and len(mention.item_ids) > 1
    if _DISLIKED.search(before):
        return "disliked"
    if _AFTER_BAD.search(after):
        return "plain" if shown else "disliked"
    if _LOOKS_BAD.search(after) or _AFTER_NOT_NOW.search(after):
        return "plain" if shown else "exclude"
    return "unlike" if _NOT_SIMILAR.search(before) else None


def _opinion(before: str, after: str, plain: str, mention: Mention) -> Role:
    if _OTHERS.search(before) and not _SPEAKER.search(before):
        return "seed"
    if _LIKED.search(before):
        return "liked"
    if _AFTER_GOOD.search(after):
        # "these are good" is politeness, "it was great" an opinion
        return "plain" if mention.by_word and len(mention.item_ids) > 1 else "liked"
    if _SEEN.search(before) or _AFTER_SEEN.search(after):
        return "plain" if negated_before(plain, _start_of_verb(before)) else "seen"
    return "plain" if _THAN.search(before) and mention.by_word else "seed"


def judging_spans(plain: str, mentions: Sequence[Mention]) -> tuple[Span, ...]:
    """Where a verdict on a mention stands ("… was boring"): these words are no wish."""
    spans = []
    for mention in mentions:
        after = plain[mention.end :]
        if (not_now := _AFTER_NOT_NOW.search(after)) and mention.role == "exclude":
            spans.append((mention.end, mention.end + not_now.end()))
            continue
        match = _AFTER_BAD.search(after) or _AFTER_GOOD.search(after)
        if match and (mention.role in ("liked", "disliked") or mention.by_word):
            rest = _REST_OF_CLAUSE.match(after, match.end())
            end = rest.end() if rest else match.end()
            spans.append((mention.end + match.start(), mention.end + end))
    return tuple(spans)


def is_judged(after: str) -> bool:
    """True when the words after a name are a verdict on it ("… was a slog")."""
    patterns = (_AFTER_BAD, _AFTER_GOOD, _AFTER_NOT_NOW)
    return any(pattern.search(after) for pattern in patterns)


def _refused(before: str, plain: str, mention: Mention) -> Role:
    if _REFUSED_LIKE.search(before):
        return "unlike"
    if _SEEN.search(before):
        return "plain" if negated_before(plain, _start_of_verb(before)) else "seen"
    return "unlike" if not mention.pointed and _TIRED.search(before) else "exclude"


def _start_of_verb(before: str) -> int:
    match = _SEEN.search(before)
    return match.start() if match else len(before)
