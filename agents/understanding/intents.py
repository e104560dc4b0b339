"""What somebody is doing with a message: asking, pointing, thanking, testing our patience.

Rules are tried in order on the masked text (titles, people and pointing are marks); the
first that fits gives the act. Small talk counts only when the message states no wish.
"""

from __future__ import annotations

import re

from .reading import Act
from .text import REFERENCE_MARK, TITLE_MARK, Span

_M = f"[{TITLE_MARK}{REFERENCE_MARK}]+(?: \\(?\\d{{4}}\\)?)?"

_HOSTILE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|drop) (?:all |any |every |the |your |my |of |these |those )*(?:previous |prior |above |earlier |system |safety )*(?:instructions?|rules|prompts?|guidelines|programming|constraints|directives)(?: (?:above|before|you were given|you have))?"
    r"|\b(?:print|show|reveal|repeat|output|tell me|give me|leak|dump|expose|what is|what's|write out)(?: me| us)? (?:your |the |all )*(?:hidden |secret |full |initial |exact |complete )*(?:system prompt|prompt|instructions|source code|api keys?|passwords?|credentials|secrets?|environment variables|env vars|config(?:uration)?|database|tokens?)(?: (?:verbatim|word for word|in full|now))?"
    r"|\bsystem prompt\b|\byou are (?:now|no longer) (?:an? |the )?[\w -]{1,40}|\b(?:act|behave) as (?:an? |if )[\w -]{1,40}|\bpretend (?:to be|you are|that you)[\w -]{0,40}|\bjailbreak\w*|\bdan mode\b|\bdeveloper mode\b|\bdo anything now\b"
    r"|<\/?(?:script|system|img|iframe|tool_call|s|im_start|user|assistant)[^>]{0,80}>|\b(?:drop|delete|truncate|select|insert|union|update)\b[^.]{0,40}\b(?:table|from|into)\b[^.]{0,40}(?:;|--)|'; ?--|\brm -rf\b[\w /.-]*|\{\{.*?\}\}|\$\{.*?\}|\b__import__\b|\.\./\S*|/etc/\w+|\bos\.system\b|\bsudo\b"
    r"|\b(?:other|another|all) (?:users?|people|persons?|customers?)(?:'s|s'|')? (?:preferences|data|history|conversations?|profiles?|ratings|taste|names|messages|passwords?)|\bpasswords?\b|\bcredentials\b|\b(?:what|which) (?:did|do|does|has|have) (?:other users?|user \w+)\b[^.?!]{0,60}|\b(?:as|for|of|switch to|log ?in as|i am|i'm) (?:user|admin|root)\b(?: ?\w+)?"
    r"|\b(?:call|use|run|execute|invoke) (?:the )?(?:tool|function)s?\b[^.?!]{0,60}|\bpresent_slate\b|\bremember_preference\b|\bforget_preference\b|\bsystem:\s?|\bassistant:\s?|\bdeveloper:\s?|\[/?inst\]|###\s?(?:system|instruction)s?:?|\brecommend (?:items? )?id \S+|\bitem_id\b\S*"
)
_INSULT = re.compile(
    r"\b(?:you (?:suck|are (?:stupid|useless|dumb|an idiot|worthless|terrible|crap|shit|so bad)|idiot|moron)|you're (?:stupid|useless|dumb|an idiot|worthless|terrible|crap|shit|so bad)"
    r"|fuck(?: you| off)?|shut up|piss off|stupid (?:bot|machine|thing|computer)|dumb (?:bot|machine)|useless (?:bot|thing|machine)|idiot|this is (?:crap|shit|rubbish|garbage|useless|stupid)|go to hell|i hate you|wtf)\b"
)
_CARE = re.compile(
    r"\b(?:kill myself|end my life|want to die|wanna die|suicidal|hurt myself|don't want to live)\b"
)
_OFF_TOPIC = re.compile(
    r"\b(?:weather|stock|bitcoin|recipe|cook|capital of|president of|translate|write (?:me )?(?:a|an|some) (?:poem|essay|code|story|email|python|song|letter)|homework|what time is it"
    r"|what day is it|\d+ ?[+*/x-] ?\d+|tell me a joke|joke|meaning of life|who won|book (?:me )?a (?:flight|table|hotel)|order (?:me )?(?:a )?pizza|play (?:some )?music|set (?:an )?alarm|news|football score|your (?:age|birthday|mother)|marry me|do you love me)\b"
)
_PROFILE = re.compile(
    r"\bwhat (?:do|did|have) you (?:know|remember|learn(?:ed|t)?|saved?|noted?|store[sd]?|got)(?: \w+){0,2}? (?:about|of|on|for) me\b|\b(?:show|list|see|view|what(?:'s| is| are| do i have in)?)(?: me)? (?:in )?my (?:profile|preferences|tastes?|memory|likes|dislikes|saved)\b"
    r"|\bwhat (?:have you )?(?:learned|noted|saved|remembered)(?: so far)?\b|\bwhat do i (?:like|dislike|hate|love)\b|\bdo you (?:know|remember) (?:me|my|what i)\b|\bwho am i\b|^(?:my )?(?:profile|preferences|memory)\??$"
)
_FORGET_ALL = re.compile(
    r"\b(?:forget|delete|erase|remove|clear|wipe|reset) (?:everything|all)(?: (?:that )?(?:you (?:know|have|learned|saved|stored)|about me|my (?:data|preferences|likes|dislikes)|of it|i told you))*(?: about me)?\b|\bforget (?:about )?me\b"
    r"|\b(?:delete|erase|clear|wipe|remove|reset) (?:all )?(?:my|the) (?:data|profile|memory|preferences|history|tastes?)\b"
)
_START_OVER = re.compile(
    r"\b(?:start|begin) (?:over|again|afresh|anew|fresh|from scratch|from the beginning|something new)\b|\b(?:let's )?reset\b|\bnew (?:topic|search|conversation|request|subject)\b|\bfresh start\b"
    r"|\b(?:something|anything) (?:else entirely|else altogether|completely else|(?:completely|totally|entirely|very|quite|wholly) (?:different|else|new))\b|\bscratch (?:that|all that|it)\b|\bscratch \ue002+|\bclear (?:everything|all|the filters?|my filters?)\b|\bchange of plans?\b|\bforget (?:all )?(?:what i said(?! about)|what i asked|the filters?|my filters?|all of that|all that)\b|\bnever mind(?: all)?(?: that)?\b|\bdifferent topic\b"
)
_FORGET = re.compile(
    r"\b(?:forget|unlearn|un-remember|delete|erase|don't remember|stop remembering)\b(?! (?:the |all )?(?:years?|decades?|era|dates?))|\b(?:remove|take) .{1,40} (?:from|off|out of) (?:my |your )?(?:memory|profile|preferences|list)\b|\bi (?:don't|no longer|do not)(?: \w+)? (?:hate|dislike|mind) .{1,40} (?:anymore|any more|any longer)\b|\bi no longer (?:hate|dislike|love|like)\b|\bnot anymore\b"
)
_REMEMBER = re.compile(
    r"\b(?:(?<!you )(?<!i )(?<!can't )remember(?! me\b)|note|keep in mind|bear in mind|make a note|don't forget|for (?:the future|next time|future reference)|from now on|in general)\b"
)
_WHY = re.compile(
    rf"^(?:but |and |so |ok |hm+,? )*why(?: (?:did you|do you|would you|on earth|exactly|is|are|was|were|should|would|did|the|me)|[ ,]*(?:{_M}|that|this|these|those|it|them)|\s*\?*$)"
    r"|\bhow come\b|\bwhat (?:makes|made) you\b|\b(?:reasons?|reasoning) (?:for|behind)\b|\bexplain\b|\bwhy (?:did you|do you|would you|are you) (?:pick|recommend|choose|suggest|show)|\bhow did you (?:pick|choose|come up)\b|\bwhy (?:these|those|this|that|them|it)\b"
    rf"|\bwhy {_M}\W*$"
)
_COMPARE = re.compile(
    rf"\bcompar(?:e|ed|ison|ing)\b(?! to \w+ films)|\bdifferen(?:ce|t|ces) between\b|\bhow (?:do|does|are|is) .{{0,40}}differ|\b(?:vs\.?|versus)\b|{_M},? (?:or|and) {_M}.{{0,12}}(?:which|better)|\b(?:which|what)(?: one| of)?.{{0,30}}{_M}.{{0,8}}\b(?:or|and) {_M}|\bis {_M} better than {_M}|\bshould i (?:watch|see|pick) {_M} or {_M}|^{_M} or {_M}\W*$"
)
_PICK = re.compile(
    r"\bwhich (?:one|of (?:these|those|them)|would you|should i|do you|is (?:the )?(?:best|better|your favou?rite)|film|movie)\b|\bwhat (?:would you (?:pick|choose|watch)|should i (?:start with|watch first))\b|\bwhich of \ue002|\byour (?:favou?rite|top pick|pick)\b|\bpick one for me\b|\bbest of (?:these|those|them)\b"
)
_DETAILS = re.compile(
    rf"\bwho (?:directed|made|wrote|stars?|starred|is in|was in|plays|played|acts|acted|'s in)\b|\bwho's (?:in|the director)\b|\bwhat(?:'s| is| was|s) (?:{_M}|it|that|this)(?: (?:film|movie|one))?(?: all)? about\b|\bwhat(?:'s| is) {_M}\W*$|\b(?:tell|say|talk) (?:me |us )?(?:something |a bit |a little )?(?:more )?about {_M}|\b(?:tell|show) me more about\b"
    rf"|\bmore (?:info|information|details?|facts)\b|\b(?:info|information|details?|facts) (?:on|about|for|of)\b|\bwhen (?:was|did|is)\b.{{0,10}}{_M}|\b(?:what|which) (?:year|decade|genres?)\b.{{0,30}}{_M}|^(?:is|was|are|were|does|do|did|has|have|can) {_M}|\b(?:plot|cast|director|synopsis|summary|story|genres?|actors?|year|runtime|length) (?:of|in|for) {_M}"
    rf"|\bdescribe {_M}|\bwhat happens in\b|\bdo you (?:have|know) {_M}|\bhave you (?:got|heard of|seen) {_M}|\bhow (?:old|long|good|scary|violent|popular|funny) (?:is|was) {_M}|\b(?:what|how) about {_M}\W*(?:is it|any good)|\bwhere can i (?:watch|see|stream)\b|\b(?:which|what) is {_M}\b|\bis {_M}\b"
)
_SURPRISE = re.compile(
    r"\bsurprise (?:me|us)\b|\bsomething random\b|\brandom (?:one|film|movie|pick)\b|^(?:anything|whatever)(?: goes| you (?:like|want|think))?\W*$|\b(?:you|i'll let you) (?:choose|pick|decide)(?: for me)?\W*$|\bdealer's choice\b|\bup to you\b|^(?:i )?(?:don't|do not|dont) (?:know|care|mind)\W*$|^no (?:idea|preference|clue)\W*$|\bi'm feeling lucky\b|^(?:idk|dunno|not sure|no preferences|anything really|i can't decide)\W*$"
)
_MORE = re.compile(
    r"^(?:(?:show|give|find|get|recommend|suggest)(?: me| us)? |any |some |got any |a few |can i (?:have|get|see) |i want |i'd like |let's see |please |ok(?:ay)?,? |yes,? |and |hmm+,? |no,? |a |are there |do you have |have you got |what |anything |how about )*"
    r"(?:more|others?|another(?: one)?|next(?: one)?|again|else|different ones?|other ones|keep going|continue|go on|something (?:else|different|new)|other (?:ideas|options|suggestions|films|movies|titles|recommendations|ones)|more (?:options|ideas|suggestions|please|films|movies|titles)|new ones?|try again|different(?: films| movies| ones)?)\b"
    r"|\b(?:show|give) me (?:some )?(?:more|others|other ones|different ones|\w+ more)\b|\bmore (?:of (?:the same|these|those|this|that)|please|options|ideas)\b|\b(?:something|anything|what) else\b|\bmore of \ue002|\bany others?\b|\banother (?:one|film|movie|suggestion|recommendation|idea)\b|\b(?:one|two|three|four|five|\d) more\b|\bother (?:suggestions|ideas|options|recommendations)\b|^(?:next|more|another|again|others)\W*$|\bnext (?:page|batch|ones?)\b"
)
_NONE_FIT = re.compile(
    rf"\bnone of (?:these|those|them|{_M})|\bnothing here\b|\bnot (?:these|those|any of (?:these|those|them)|{_M})\W*$|\b(?:don't|do not|didn't) (?:like|want|fancy) (?:any of )?(?:these|those|them|{_M})|^{_M} (?:are|were) (?:all )?(?:bad|boring|terrible|awful|wrong|not (?:good|right))|^(?:no,? )?not (?:what i want|what i meant|right|good)\b"
)
_OPENER = re.compile(
    r"\b(?:i want|i wanna|i'd (?:like|love)|i would (?:like|love)|i need|i'm looking for|looking for|i am looking for|in the mood for|i feel like|feel like|recommend|suggest|show me|give me|find me|find|can you|could you|would you|do you have|do you know|have you got|got any|any good"
    r"|what should (?:i|we) (?:watch|see)|what (?:can|could) (?:i|we)|how about|what about|something like|something similar|anything like|films? like|movies? like|help me (?:find|pick|choose)|let's watch|let me see|what(?:'s| is) (?:a )?good|are there any|what do you (?:recommend|suggest|have)|similar to|for (?:tonight|this evening|the weekend)|i fancy|we want|we'd like|we need|we're looking for|searching for|search for|want to (?:watch|see)|wanna (?:watch|see)|ich (?:möchte|will|suche)|je (?:voudrais|veux|cherche)|quiero|busco|vorrei|voglio|quero|ik wil|ein(?:en)? film|un film|una película)\b"
)
_OPEN = re.compile(
    r"\b(?:something|anything|films?|movies?|flicks?|what to watch|watch|recommend\w*|suggest\w*|ideas?|entertain|bored|boredom|good ones?)\b"
)
_IDENTITY = re.compile(
    r"\b(?:who are you|what are you|are you (?:a |an )?(?:bot|robot|human|person|real|ai|llm|chatgpt|gpt|model|machine)|your name|who made you|which model)\b"
)
_SMALL_TALK: tuple[tuple[Act, re.Pattern[str]], ...] = (
    ("thanks", re.compile(r"\b(?:thanks|thank you|thank u|cheers(?! (?:me|us)\b)|much appreciated|i appreciate|been (?:really |very |so )?helpful|merci|danke|gracias|grazie|obrigado)\b")),
    ("bye", re.compile(r"\b(?:bye|goodbye|good night|goodnight|see you|see ya|cya|that's all|that is all|i'm done|ciao|later)\b")),
    ("help", re.compile(r"^(?:help|\?+|h|commands?|options|menu|instructions)\W*$|\b(?:what can you do|how (?:do(?:es)?|can) (?:this|it|i|you) (?:work|use|do)|what can i (?:say|ask|do)|how do i (?:use|start|ask)|need (?:some )?help|help me\W*$|what do you do|what are you able|what else can you do)\b")),
    ("undo", re.compile(r"^(?:undo|take (?:that|it) back|go back|step back)(?: (?:that|it|please|one step))*\W*$")),
    ("identity", _IDENTITY),
    ("hello", re.compile(r"^(?:hi|hello|hey|heya|hiya|yo|howdy|good (?:morning|evening|afternoon|day)|greetings|hola|bonjour|hallo|ciao|moin|salut|sup|what's up|how are you)\b")),
    ("praise", re.compile(r"\b(?:great|perfect|good|nice|awesome|excellent|wonderful|lovely|brilliant|amazing|cool|love (?:it|them|these)|well done|good (?:job|one|choice|pick)|sounds good|looks good|i'll (?:watch|take|try) (?:it|that|this|one))\b")),
    ("affirm", re.compile(r"^(?:yes|yeah|yep|yup|sure|ok|okay|k|alright|fine|of course|please do|go ahead|definitely|absolutely|exactly|right|correct|y)\b")),
    ("deny", re.compile(r"^(?:no|nope|nah|not really|no thanks|no thank you|n|never|nothing|none of)\b")),
)  # fmt: skip


_RANDOM = re.compile(
    r"^[^aeiouyàâäáéèêëíìîïóòôöúùûü]{4,}$|[^aeiouy\W\d]{5,}|(.)\1\1|asd|sdf|dfg|fgh|ghj|hjk|jkl|qwe|wert|rty|tyu|uio|iop|zxc|xcv|cvb|vbn|bnm|\d{4,}"
)
_WANTS_SOMETHING = re.compile(r"\b(?:something|anything)\b|^(?:some|any|an?)\b")
_BUSINESS: frozenset[Act] = frozenset(("identity", "undo", "help", "insult", "care", "off_topic"))


def hostile_spans(plain: str) -> tuple[Span, ...]:
    """Where a message tries to command the machine; these parts are not read at all."""
    return tuple(match.span() for match in _HOSTILE.finditer(plain))


def asks_to_forget(plain: str) -> Act | None:
    """Tell "forget", "forget_all" or None. Read before wishes: "forget that I hate horror"."""
    if _FORGET_ALL.search(plain):
        return "forget_all"
    if _START_OVER.search(plain):
        return None
    return "forget" if _FORGET.search(plain) else None


def question_act(plain: str, n_mentioned: int, *, in_vain: bool = False) -> Act | None:
    """Questions about items or about the person, or None.

    Args:
        plain: The masked text.
        n_mentioned: How many items were named or pointed at.
        in_vain: Something was named or pointed at that we do not have.
    """
    if _PROFILE.search(plain):
        return "profile"
    if _COMPARE.search(plain) and n_mentioned != 1:
        return "compare"
    if _WHY.search(plain) and not re.search(r"\bwhy (?:not|don't)\b", plain):
        return "explain"
    if (n_mentioned or in_vain or re.search(r"\b(?:it|that|this)\b", plain)) and _DETAILS.search(
        plain
    ):
        return "details"
    if _PICK.search(plain):
        return "pick"
    return None


def starting_over(plain: str) -> Span | None:
    """Where the old wish is dropped in so many words, or None."""
    match = _START_OVER.search(plain)
    return match.span() if match else None


def asks_more(plain: str) -> bool:
    """True for "more", "another one", "something else"."""
    return bool(_MORE.search(plain))


def refuses_slate(plain: str) -> bool:
    """True for "none of these"."""
    return bool(_NONE_FIT.search(plain))


def has_opener(plain: str) -> bool:
    """True when a request is opened ("I want", "recommend", "how about")."""
    return bool(_OPENER.search(plain))


def adds_titles(plain: str) -> bool:
    """True when a named title joins the examples instead of replacing them ("also like …")."""
    return bool(re.search(r"\b(?:also|as well|too|plus|add)\b|^and\b", plain))


def asks_to_remember(plain: str) -> bool:
    """True for "remember that …", "from now on …"."""
    return bool(_REMEMBER.search(plain))


def says_something(plain: str) -> bool:
    """True when an object of the wish is left open in words: "something", "anything"."""
    return bool(re.search(r"\b(?:something|anything)\b", plain))


def is_surprise(plain: str) -> bool:
    """True when the choice is left to us."""
    return bool(_SURPRISE.search(plain))


def is_open(plain: str) -> bool:
    """True when something to watch is wanted and nothing is said about it."""
    return bool(_OPENER.search(plain) or _OPEN.search(plain))


def small_talk(plain: str) -> Act | None:
    """The act of a message that states no wish, or None."""
    if _CARE.search(plain):
        return "care"
    if _INSULT.search(plain):
        return "insult"
    for act, pattern in _SMALL_TALK:
        if act == "praise" and (_OPENER.search(plain) or _WANTS_SOMETHING.search(plain)):
            continue
        if pattern.search(plain):
            return act
    return "off_topic" if _OFF_TOPIC.search(plain) else None


def talk_despite_words(plain: str) -> Act | None:
    """Small talk whose unknown words must not become search words ("you are a robot?")."""
    act = small_talk(plain)
    if act in ("affirm", "deny"):
        return None
    return act if act in _BUSINESS or not is_open(plain) else None


def looks_random(words: str) -> bool:
    """True when no word looks like one of any language written in these letters."""
    return all(_RANDOM.search(word) for word in words.split())


def asks_who(plain: str) -> bool:
    """True for "who are you?", "are you a robot?"."""
    return bool(_IDENTITY.search(plain))


def is_cry_for_help(plain: str) -> bool:
    """True when somebody speaks of harming themselves."""
    return bool(_CARE.search(plain))
