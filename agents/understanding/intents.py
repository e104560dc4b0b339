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
    r"^(?:so |ok |hey |btw |and |please )*how (?:do|can|could|should|would|does) (?:i|you|we|one|somebody|someone) (?!.*\b(?:films?|movies?|watch|see|find|like|feel|choose|pick|start)\b)\w+ (?:a|an|the|my|some)\b|\b(?:weather|election|elections|politics today|football match|lottery|president|stocks?|bitcoin|recipe|cook|capital of|president of|translate|write (?:me )?(?:a|an|some) (?:poem|essay|code|story|email|python|song|letter)|homework|what time is it"
    r"|what day is it|\d+ ?[+*/x-] ?\d+(?<!/10)(?<!/5)|\d+ (?:times|plus|minus|divided by|multiplied by) \d+|square root|tell me a joke|joke|meaning of life|who(?:'s| is)? (?:won|win|wins|going to win|gonna win)|book (?:me )?a (?:flight|table|hotel)|order (?:me )?(?:a )?pizza|(?:order|book|buy|reserve|call|ring|email|text|phone|fetch|bring|deliver|bake|schedule|hail) (?:me |us |for me )?(?:up )?(?:a|an|some|the|my)\b(?! (?:\w+ )?(?:film|movie|flick|comed|thriller|drama|recommend|list|smile|laugh|tear|bit))|(?:turn|switch) (?:on|off|up|down) (?:the|my) (?!brain)\w+|play (?:some )?music|set (?:an )?alarm|news|football score|your (?:age|birthday|mother)|marry me|do you love me)\b"
)
_PROFILE = re.compile(
    r"\bwhat (?:do|did|have) you (?:know|remember|learn(?:ed|t)?|saved?|noted?|store[sd]?|got)(?: \w+){0,2}? (?:about|of|on|for) (?:my|what i)\b|\b(?:do|can|did|will) you (?:still |even |actually )?(?:remember|recall|know|note|save|keep)(?: \w+)? (?:which|what|that|my|anything|everything|all|if|whether|of|about me|me)\b"
    r"|\bwhat (?:have|did) i (?:told|tell|said|say|mention(?:ed)?)\b|\b(?:which|what)(?: \w+)? (?:have|did|do) i (?:say|said|tell|told|rate|rated|like|liked|love|loved|hate|hated)\b|\bwhat(?:'s| is) (?:on |in )?(?:my (?:list|profile|file|taste)|your (?:memory|notes))\b|\bmy taste (?:so far|profile)\b"
    r"|\bwhat (?:do|did|have) you (?:know|remember|learn(?:ed|t)?|saved?|noted?|store[sd]?|got)(?: \w+){0,2}? (?:about|of|on|for) me\b|\b(?:show|list|see|view|what(?:'s| is| are| do i have in)?)(?: me)? (?:in )?my (?:profile|preferences|tastes?|memory|likes|dislikes|saved)\b"
    r"|\bwhat (?:have you )?(?:learned|noted|saved|remembered)(?: so far)?\b|\bwhat do i (?:like|dislike|hate|love)\b|\bdo you (?:know|remember) (?:me|my|what i)\b|\bwho am i\b|^(?:my )?(?:profile|preferences|memory)\??$"
)
_FORGET_ALL = re.compile(
    r"\b(?<!i )(?<!to )(?<!me )(?<!us )(?:forget|delete|erase|remove|clear|wipe|reset) (?:everything|all)(?! (?:\ue002|(?:that|this|those|these)(?:\W|$)))(?: (?:that )?(?:you (?:know|have|learned|saved|stored)|about me|my (?:data|preferences|likes|dislikes)|of it|i told you))*(?: about me)?\b|\bforget (?:about )?me\b|\b(?:delete|erase|remove|clear|wipe|forget|reset) (?:everything|anything|all|whatever)(?: \w+){0,4} (?:about|on|of|from) me\b"
    r"|\b(?:delete|erase|clear|wipe|remove|reset) (?:all )?(?:my|the) (?:data|profile|memory|preferences|history|tastes?)\b"
)
_START_OVER = re.compile(
    r"\b(?:ok(?:ay)?,? )?(?:forget|screw|enough(?: with| of)?|that's enough|no more|never mind|leave|drop)(?: about| of| the| these| those| all| that)* (?!that\b|it\b|what\b|about\b|the last\b|i\b)[a-z][a-z -]{2,18}(?:[.;!]|,? (?:and )?(?=(?:got|have you|give|show|let's|i want|how about|what about|something) ))(?= ?[^?.!]*\b(?:got|any|something|anything|give|show|want|find|asked|how about|what about|let's|now|need|looking|try|do you)\b)"
    r"|\b(?:start|begin) (?:over|again|afresh|anew|fresh|from scratch|from the beginning|something new)\b|\b(?:let's )?reset\b|\bnew (?:topic|search|conversation|request|subject)\b|\bfresh start\b"
    r"|\b(?:something|anything) (?:else entirely|else altogether|completely else|(?:completely|totally|entirely|very|quite|wholly) (?:different|else|new))\b|\bforget (?:all (?:of )?(?:that|this|those|these|\ue002+)|it all|(?:that|it|\ue002+)(?=[.,;:!] ?\w))|\b(?:scratch|scrap|bin|ditch|drop|strike|scrub|junk) (?:\ue002+|(?:all |all of )?\ue002+|that|all (?:of )?(?:that|this|those|these)|it all|all)(?=\s*(?:$|[.,;:!?]|(?:and|then|now|instead|i|let's)\b))|\bscratch it\b|\bdifferent question\b|\bnew question\b|\bscratch \ue002+|\bclear (?:everything|all|the filters?|my filters?)\b|\bchange of plans?\b|\bforget (?:all )?(?:what i said(?! about)|what i asked|the filters?|my filters?|all of that|all that)\b|\bnever mind(?: all)?(?: that)?\b(?! (?:about |what |the |how )\w+)|\bdifferent topic\b"
)
_FORGET = re.compile(
    r"\b(?<!\bi )(?<!\bme )(?<!\bus )(?<!\bwe )(?<!(?:want|need|help|like|love) to )(?<!trying to )(?<!wanna )(?<!gonna )(?<!never )(?<!cannot )(?<!can't )(?:forget|unlearn|un-remember|delete|erase|don't remember|stop remembering)\b(?! (?:all )?(?:of )?(?:that|this|it all|\ue002+)[.,;:!] ?\w)(?! all (?:that\b|this\b|\ue002))(?! (?:the |all )?(?:years?|decades?|era|dates?))|\b(?:remove|take) .{1,40} (?:from|off|out of) (?:my |your )?(?:memory|profile|preferences|list)\b|\bi (?:don't|no longer|do not)(?: \w+)? (?:hate|dislike|mind) .{1,40} (?:anymore|any more|any longer)\b|\bi no longer (?:hate|dislike|love|like)\b|\bnot anymore\b|\b(?:scrap|ignore|drop|scratch|disregard|take back|never mind|forget) (?:what|everything|all|whatever) (?:that )?i(?: have|'ve)? (?:said|told you|mentioned) about\b"
)
_REMEMBER = re.compile(
    r"\b(?:(?<!you )(?<!i )(?<!can't )(?<!don't )remember(?! me\b)(?! (?:when|the (?:days|time|movie|film|one))\b)|(?:put|write|jot|note|save|store|log|add) (?:that|this|it|\ue002+)(?: down)? (?:in|on|to|into|for) (?:your|my|the|ur) (?:notes?|list|file|memory|profile|records?|next time|future)|note to self|(?:take |make a )?note(?: of)?(?= that|:|,| down)|save that|write that down|never forget|(?:keep|bear)(?: (?:that|this|it|\ue002+))? in mind|make a note|don't forget|for (?:the future|next time|future reference)|next time too|from now on|going forward|as a rule|in general)\b"
)
# "Seen it, fyi" tells; with a taste before it, it also asks to be kept.
_TELLS_IN_PASSING = re.compile(
    r"\b(?:just so you know|so you know|for (?:your|the) record|for your information|fyi)\b"
)
_WHY = re.compile(
    rf"^(?:but |and |so |ok |hm+,? )*why(?: (?:did you|do you|would you|on earth|exactly|is|are|was|were|should|would|did|the|me)|[ ,]*(?:{_M}|that|this|these|those|it|them)|\s*\?*$)"
    rf"|\bhow come\b|\b(?:on|for) (?:what|which) (?:grounds?|basis|reasons?)\b|\bwhat (?:led|brought) you to\b|\bwhat speaks for\b|\bwhat (?:makes|made) (?:you|{_M}|it|that|this|these|those|them|him|her)\b|\b(?:reasons?|reasoning) (?:for|behind)\b|\bexplain\b|\bwhat (?:did|do) you mean\b|\bwhat(?:'s| is) (?:the (?:connection|link|reason|logic)|that (?:got|have) to do)\b|\bhow(?: \w+)? (?:is|are|does|do) (?:that|this|it|these|those|they|\ue000+|\ue002+) (?:fit|related|relate|match|like what)\b|\bwhy (?:would|should) i (?:like|watch|enjoy)\b|\bwhat made you\b|\bwhy (?:did you|do you|would you|are you) (?:pick|recommend|choose|suggest|show)|\bhow did you (?:pick|choose|come up)\b|\bwhy (?:these|those|this|that|them|it)\b"
    rf"|\bwhy {_M}\W*$"
)
_COMPARE = re.compile(
    rf"\bwhich(?: one| (?:film|movie))?(?: of (?:these|those|them|the (?:two|three|lot)|{_M}))?(?: is| was| are| would be| looks| seems| sounds|'s)(?: the)? (?:(?:more|most|less|least) (?!like)\w+|(?!other|better\b|best\b)\w{{2,}}(?:er|est))\b(?! (?:than|for)\b)|\bcompar(?:e|ed|ison|ing)\b(?! to \w+ films)|\bdifferen(?:ce|t|ces) between\b|\bhow (?:do|does|are|is) .{{0,40}}differ|\b(?:vs\.?|versus)\b|\b(?:which|what)(?: one|'s| is|'s the)*(?: of (?:the two|them|those|these))? (?:\w+er|more \w+|better|best|worse|less \w+),? (?:between )?{_M}(?: or | and |, ){_M}|\b(?:is|are|was) {_M}(?: \w+){{0,3}} (?:or|than) {_M}|^(?:so |ok |hm+,? )?{_M},? (?:or|vs\.?) {_M},? (?:for|which|what|tonight)|{_M},? (?:or|and) {_M}.{{0,12}}(?:which|better)|\b(?:which|what)(?: one| of)?.{{0,30}}{_M}.{{0,8}}\b(?:or|and) {_M}|\bis {_M} better than {_M}|^(?:so |ok |hm+,? |and )*(?:which|what|should (?:i|we)|would you|do i|do we)\b[^.!]*{_M},? (?:or|and|vs\.?) (?:the )?{_M}|\bwhich\b[^.!?]*\bof (?:the|those|these) two\b|\bshould i (?:watch|see|pick) {_M} or {_M}|^{_M} or {_M}\W*$"
)
_IF_LIKED = re.compile(
    r"\bif (?:i|you|we|they|someone|somebody|one) (?:really )?(?:like|liked|love|loved|enjoy|enjoyed)\b"
)
_PICK = re.compile(
    r"\bwhich (?:one|of (?:these|those|them)|would you|should i|do you|is (?:the )?(?:best|better|your favou?rite)|film|movie)\b|\bwhat (?:would you (?:pick|choose|watch)|should i (?:start with|watch first))\b|\bwhich of \ue002|\byour (?:favou?rite|top pick|pick)\b|\bpick one for me\b|\bbest of (?:these|those|them)\b"
)
_DETAILS = re.compile(
    rf"\bwho(?:'s| is|s|m is| would| might)? (?:{_M}|it|that|this)(?: be)? (?:\w+ )?for\b|[,.;!?-] (?:and |but |so )?(?:is|was|are|were|does|did|has) {_M}|"
    rf"\b(?:who|what)(?:'s| is| was|s) (?:the |its )(?:lead|main|star|actor|actress|director|guy|girl|woman|man|kid|writer|composer|villain|plot|story|runtime|rating|cast)\b|\bhow (?:long|old|many|much|popular|scary|violent|sad|funny|good|bad)\b.{{0,20}}(?:{_M}|\b(?:it|that)\b)|\b(?:based on|adapted from)\b.{{0,30}}\?|\bwhat year did\b|{_M}[^.?!]{{0,20}}\b(?:any good|worth (?:watching|it|seeing|my time))\b|\bis it (?:any )?(?:good|worth)\b|\b(?:thoughts|opinions?|views?|verdict|take) on (?:{_M}|it\b|that\b)|\bwhat do you (?:think|reckon|make) (?:of|about) (?:{_M}|it\b|that\b)|\b(?:ever )?(?:heard of|know about|know anything about) {_M}|{_M},? (?:what's|what is|who's|who is) (?:that|it|this|in)\b|\bwhat language\b|\bwhere (?:is|was) {_M}\b|\b(?:does|do|did|has|will) {_M} (?:have|win|get|end)\b|\bin what year\b|\bwhat happens (?:in|at)\b|\bwho (?:dies|sings|scored|composed|produced|shot|voices|voiced)\b|"
    rf"\bwho (?:directed|made|wrote|stars?|starred|is in|was in|plays|played|acts|acted|'s in)\b|\bwho's (?:in|the director)\b|\bwhat(?:'s| is| was|s) (?:{_M}|it|that|this)(?: (?:film|movie|one))?(?: all)? about\b|\bwhat(?:'s| is) {_M}\W*$|\b(?:tell|say|talk) (?:me |us )?(?:something |a bit |a little )?(?:more )?about {_M}|\b(?:tell|show) me more about\b"
    rf"|\bmore (?:info|information|details?|facts)\b|\b(?:info|information|details?|facts) (?:on|about|for|of)\b|\bwhen (?:was|did|is)\b.{{0,10}}{_M}|\b(?:what|which) (?:year|decade|genres?)\b.{{0,30}}{_M}|^(?:is|was|are|were|does|do|did|has|have) {_M}|^can {_M}(?![{TITLE_MARK}{REFERENCE_MARK}]| be\b)|\b(?:plot|cast|director|synopsis|summary|story|genres?|actors?|year|runtime|length) (?:of|in|for) {_M}"
    rf"|\bdescribe {_M}|\bwhat happens in\b|\bdo you (?:have|know) {_M}|\bhave you (?:got|heard of|seen) {_M}|\bhow (?:old|long|good|scary|violent|popular|funny) (?:is|was) {_M}|\b(?:what|how) about {_M}\W*(?:is it|any good)|\bwhere can i (?:watch|see|stream)\b|\b(?:which|what) is {_M}\b|\bis {_M}\b"
)
_SURPRISE = re.compile(
    r"\bsurprise (?:me|us)\b|\bsomething random\b|\brandom (?:one|film|movie|pick)\b|^(?:anything|whatever)(?: goes| you (?:like|want|think))?\W*$|\b(?:you|i'll let you) (?:choose|pick|decide)(?: for me)?\W*$|\bdealer's choice\b|\bup to you\b|^(?:i )?(?:don't|do not|dont) (?:know|care|mind)\W*$|^(?:(?:it|that|\ue002+) )?(?:really )?(?:doesn't|does not) (?:really )?matter(?: (?:to me|at all|much|really))*\W*$|^(?:it(?:'s| is) )?(?:all )?(?:the )?(?:same to me|not important|either(?: one)?(?: is| works)?(?: fine| good| ok| okay)?|(?:all|both|any)(?: of (?:them|\ue002+))? (?:is|are) (?:fine|good|ok|okay)|makes no difference)\W*$|^no (?:idea|preference|clue)\W*$|\bi'm feeling lucky\b|^(?:(?:hm+|um+|uh+|er+|well|ok|i|honestly|tbh|really)[ ,.]+)*(?:idk|dunno|no clue|not sure|no preferences|anything really|i can't decide)\W*$"
)
_MORE = re.compile(
    r"^(?:(?:show|give|find|get|recommend|suggest)(?: me| us)? |any |some |got any |a few |can i (?:have|get|see) |i want |i'd like |let's see |please |ok(?:ay)?,? |yes,? |and |hmm+,? |no,? |nope[,.]? |nah[,.]? |sorry,? |a |are there |do you have |have you got |what |anything |how about )*"
    r"(?:more|others?|another(?: one)?|next(?: one)?|again|else|different ones?|other ones|keep going|continue|go on|something (?:else|different|new)|other (?:ideas|options|suggestions|films|movies|titles|recommendations|ones)|more (?:options|ideas|suggestions|please|films|movies|titles)|new ones?|try again|different(?: films| movies| ones)?)\b"
    r"|\b(?:show|give) me (?:some )?(?:more|others|other ones|different ones|\w+ more)\b|\bmore (?:of (?:the same|these|those|this|that)|please|options|ideas)\b|\b(?:something|anything|what) else\b|\bmore of \ue002|\b(?:another|next|new|fresh|different) (?:batch|round|set|list|lot|page|few|bunch)\b|\bkeep (?:going|them coming|it coming|em coming)\b|\b(?:any )?more where (?:that|those|these|\ue002+) came from\b|\b(?:got|have|are there)(?: you)? (?:any )?(?:others|more)\b|\bnot (?:found it|there) yet\b|\b(?:haven't|hasn't) found it yet\b|\bany others?\b|\banother (?:one|film|movie|suggestion|recommendation|idea)\b|\b(?:one|two|three|four|five|\d) more\b|\bother (?:suggestions|ideas|options|recommendations)\b|^(?:next|more|another|again|others)\W*$|\bnext (?:page|batch|ones?)\b|\b(?:roll|throw) (?:the dice|again)|\bspin (?:it|the wheel)? ?again\b|\b(?:deal|hit) me (?:again|another)\b|\b(?:have another|another) go\b|[,.!?] next\W*$|\b(?:further|deeper) down (?:your|the) list\b|\bspin again\b|\b(?:what|who) comes next\b"
)
_NONE_FIT = re.compile(
    rf"\bnone of (?:these|those|them|{_M})|\bnothing here\b|\bnot (?:these|those|any of (?:these|those|them)|{_M})\W*$|\b(?:don't|do not|didn't) (?:like|want|fancy) (?:any of )?(?:these|those|them|{_M})|\b(?:don't|do not|doesn't) (?:any )?(?:really )?(?:work|do it|appeal|grab me)\b|\b(?:none|nothing|not one|neither)(?: of (?:these|those|them|it|{_M}))?(?: really| quite)? (?:grabs?|tempts?|appeals?|speaks?|does it|do it|jumps? out|clicks?|works?|excites?|hits?)\b|\bneither(?: of (?:these|those|them|{_M}))?(?: (?:is|are|appeals?|works?|really).*)?\W*$|^{_M} (?:are|were) (?:all )?(?:bad|boring|terrible|awful|wrong|not (?:good|right))|^(?:no,? )?not (?:what i want|what i meant|right|good)\b|^(?:no,? |nope,? |hm+,? |sorry,? |well,? |ah,? )*(?:(?:it's|that's|they're|this is|that is|these are|those are|still|{_M}(?:'s|'re| is| are)?) )?(?:still )?not (?:quite |really |exactly )?(?:what|the (?:one|ones|kind|sort|thing|type)) (?:of (?:film|movie|thing) )?(?:that )?(?:i|we)(?:'m|'re|'d|'ve| am| are| was| were| had)? (?:after|looking for|want(?:ed)?|mean|meant|in mind|having in mind|asked for|hoping for|need(?:ed)?|had in mind)\b|^(?:no,? |nope,? |hm+,? |sorry,? |well,? |ah,? )*(?:not (?:quite|really) (?:it|there|right|that|my thing)|no(?:pe)?,? (?:that's|{_M} is) not it)\W*$|^{_M} won't do\b"
)
_LUKEWARM = re.compile(
    r"\b(?:tempts?|tempting|grabs?|grabbing|appeals?|appealing|speaks?|speaking|jumps? out|clicks?|excites?|no thanks|no thank you|(?:not|n't) (?:quite|really|feeling|in the mood)|maybe something|next|spin)\b"
)
_OPENER = re.compile(
    r"\b(?:i want|i wanna|i'd (?:like|love)|i would (?:like|love)|i need|i'm looking for|looking for|i am looking for|in the mood for|i feel like|feel like|recommend|suggest|show me|give me|find me|find|can you|could you|would you|do you have|do you know|have you got|got any|any good"
    r"|what should (?:i|we) (?:watch|see)|what (?:can|could) (?:i|we)|how about|what about|what if|something like|something similar|anything like|films? like|movies? like|help me (?:find|pick|choose)|let's watch|let me see|what(?:'s| is) (?:a )?(?:good|similar|out there|next)|what (?:u|you|have you|ya) got|what else|is there (?:a|an|any|one|anything|something|some)|isn't there|any(?:one|body)? (?:know|ideas?|recs?)|gimme|lemme|hit me|i'm after|i am after|hunting for|craving|dying for|up for|asked for|find us|find him|find her|give us|pick (?:me|us|something)|i'm trying to find|trying to find|what(?: would| do)? you (?:suggest|recommend)|need|keen on|would (?:be|love)|any (?:films?|movies?|flicks?|suggestions?|recommendations?)|the next best thing|what do (?:i|we) watch|are there any|what do you (?:recommend|suggest|have)|similar to|for (?:tonight|this evening|the weekend)|i fancy|we want|we'd like|we need|we're looking for|searching for|search for|want to (?:watch|see)|wanna (?:watch|see)|ich (?:möchte|will|suche)|je (?:voudrais|veux|cherche)|quiero|busco|vorrei|voglio|quero|ik wil|ein(?:en)? film|un film|una película)\b"
)
_OPEN = re.compile(
    r"\b(?:something|anything|films?|movies?|flicks?|what to watch|watch|recommend\w*|suggest\w*|ideas?|entertain|bored|boredom|good ones?)\b"
)
_RATHER_SEE = re.compile(
    r"\b(?:rather|just|please|simply|let me|let's|can i|could i) (?:see|get|have|look at|show me|give me|let me see) (?:some|a few|the|your|any|what) ?(?:suggestions?|recommendations?|picks?|options?|films|movies|ideas?|titles|ones|you (?:have|got))\b(?! (?:from|by|like|with|about|of|that|for))"
)
_IDENTITY = re.compile(
    r"\b(?:which|what|how many) (?:other )?languages? (?:do|can|are) you\b|\b(?:who are you|what are you|are you (?:a |an )?(?:bot|robot|human|person|real|ai|llm|chatgpt|gpt|model|machine)|your name|who made you|which model)\b"
)
_SMALL_TALK: tuple[tuple[Act, re.Pattern[str]], ...] = (
    ("thanks", re.compile(r"\b(?:thanks|thank you|thank u|cheers(?! (?:me|us)\b)|^ta\b|much appreciated|(?:me|i'm|i am|we're|us) (?:all )?(?:sorted|set)\b|that'll do(?: nicely)?\b|that does it\b|i appreciate|been (?:really |very |so )?helpful|merci|danke|gracias|grazie|obrigado)\b")),
    ("bye", re.compile(r"\b(?:bye|goodbye|good night|goodnight|see you|see ya|cya|that(?:'s| is) all(?= ?(?:$|[.,!;]|thanks|thank you|for (?:now|today|tonight|me)\b|i (?:need|want)))|i'm (?:done|off)|ciao|later)\b")),
    ("help", re.compile(r"^(?:help|\?+|h|commands?|options|menu|instructions)\W*$|\b(?:what can you do|how (?:do(?:es)?|can) (?:this|it|i|you) (?:work|use|do)|what can i (?:say|ask|do)|how do i (?:use|start|ask)|need (?:some )?help|help me\W*$|what do you do|what are you (?:able|capable)|what (?:can|could|do) you (?:actually|really|even) (?:do|know)|what (?:kind|sort) of (?:things|stuff|questions) can|are you able to|what are your (?:features|abilities)|what else can you do)\b")),
    ("undo", re.compile(r"^(?:undo|take (?:that|it) back|go back|step back)(?: (?:that|it|please|one step))*\W*$")),
    ("identity", _IDENTITY),
    ("hello", re.compile(r"^(?:hi|hello|hey|heya|hiya|yo|howdy|good (?:morning|evening|afternoon|day)|greetings|hola|bonjour|hallo|ciao|moin|salut|sup|what's up|how are you)\b|\bhow(?:'s| is| are)(?: you(?: doing)?| your (?:day|evening|night|week|weekend|morning)(?: going)?| it going| things| life)\W*(?:$|\?)|\b(?:anyone|anybody|somebody|you) (?:there|home|awake)\W*$")),
    ("praise", re.compile(r"\b(?:ha(?:ha)+h?|lol|lmao|good one|that's funny|well played|great|perfect|good|nice|awesome|excellent|wonderful|lovely|brilliant|amazing|cool|love (?:it|them|these)|well done|good (?:job|one|choice|pick)|sounds good|looks good|i'll (?:watch|take|try) (?:it|that|this|one))\b")),
    ("affirm", re.compile(r"^(?:yes|yeah|yep|yup|sure|ok|okay|k|alright|fine|of course|please do|go ahead|definitely|absolutely|exactly|right|correct|y)\b")),
    ("deny", re.compile(r"^(?:no|nope|nah|not really|no thanks|no thank you|n|never|nothing|none of)\b")),
)  # fmt: skip


# a determiner before a preposition, or little words in a row: no sentence that anybody says
_SALAD = re.compile(
    r"\b(?:the|a|an|my|your) (?:of|if|and|or|to|from|the|a|an|by|with|at|into)\b|\b(?:of|if|to|from|by|with|than) (?:of|if|than|and|or)\b|\b(?:it|them) (?:them|they|which|him|her)\b|\bwhich (?:since|of the|than|if)\b|\b(?!(?:no|ha|very|please|really|so|more|go|yes|la)\b)(\w+) \1 \1\b|\b(?:under|of|the|with|into|than|if|from)\W*$"
)
_ASKS_FACT = re.compile(
    rf"^(?:so |and |but |ok |oh |hey |hm+ |just |btw |quick question |do you know |can you tell me |could you tell me |tell me |any idea |remind me |[,:-] ?)*(?:who|whose|whom|when|where|how|what|which|does|did|is|was|has|were|are)\b[^.!]*{_M}"
)
_RANDOM = re.compile(
    r"^[^aeiouyàâäáéèêëíìîïóòôöúùûü]{3,}$|[^aeiouy\W\d]{5,}|(.)\1\1|q[^u\W]|asd|sdf|dfg|fgh|ghj|hjk|jkl|qwe|wert|rty|tyu|uio|iop|zxc|xcv|cvb|vbn|bnm|\d{4,}"
)
_ASKS_ITEMS = re.compile(
    r"\b(?:something|anything|what else|whatever else|(?:better|newer|older|funnier|scarier|shorter|lighter|darker|similar|different|other) ones?|what comes next|more (?:\w+ )?(?:like|of|in|along|from|with)|any (?:more|others?|other)|others?|another|similar|films?|movies?|flicks?|please|pls)\b|\ue002+[^.!?]*\b(?:instead|please)\b"
)
_TELLS = re.compile(
    r"\b(?:i|we|he|she|they|i've|we've|i'm|my \w+) (?:\w+ )?(?:loved|liked|hated|saw|seen|watched|finished|enjoyed|adored|found|love|hate|like|adore|was|were|is|are|have|had|did|didn't|couldn't|don't|can't|turned|walked|fell)\b|\ue000+ (?:is|was|are|were)\b|\bone of my\b|\bmy (?:all time |all-time )?favou?rites?\b|^how (?:can|could|did) (?:a|an|any|such|\ue000)|^(?:just |really |absolutely )?(?:loved|liked|hated|saw|seen|watched|finished|enjoyed|adored|couldn't|didn't)\b"
)
_WANTS_SOMETHING = re.compile(r"\b(?:something|anything)\b|^(?:some|any|an?)\b")
_SERVICE = re.compile(
    r"^(?:(?:hi|hey|ok|so|and|please|pls)[ ,]+)*(?:(?:can|could|will|would) (?:you|u) (?:please |pls |also )?)?(?:order|book|buy|reserve|call|ring|email|text|phone|fetch|bring|deliver|bake|schedule|hail) (?:me |us |for me )?(?:up )?(?:a |an |some |the |my |two |three |\d )?(?:\w+ )?(?:tickets?|tables?|seats?|pizzas?|taxi|cab|uber|flight|hotel|room|food|dinner|lunch|drinks?|beers?|popcorn|appointment|doctor|mum|mom|dad|boss|meeting)\b"
)
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
    if _COMPARE.search(plain) and n_mentioned != 1 and not _IF_LIKED.search(plain):
        return "compare"
    if _WHY.search(plain) and not re.search(r"\bwhy (?:not|don't)\b", plain):
        return "explain"
    if (n_mentioned or in_vain or re.search(r"\b(?:it|that|this)\b", plain)) and _DETAILS.search(
        plain
    ):
        return "details"
    if _PICK.search(plain):
        return "pick"
    # whatever else is asked with a title in it asks for a fact of that item
    return "details" if n_mentioned and _asks_fact(plain) else None


def _asks_fact(plain: str) -> bool:
    return bool(_ASKS_FACT.search(plain)) and not (has_opener(plain) or asks_for_items(plain))


def starting_over(plain: str) -> Span | None:
    """Where the old wish is dropped in so many words, or None."""
    match = _START_OVER.search(plain)
    return match.span() if match else None


def asks_more(plain: str) -> bool:
    """True for "more", "another one", "something else"."""
    return any(_MORE.search(one) for one in re.split(r"(?<=[.!?;])\s+", plain))


def refuses_slate(plain: str) -> bool:
    """True for "none of these"."""
    return bool(_NONE_FIT.search(plain))


def is_lukewarm(plain: str) -> bool:
    """True for a slate that is passed over without dislike: "nothing tempts me"."""
    return bool(_LUKEWARM.search(plain))


def asks_for_items(plain: str) -> bool:
    """True when, beside whatever else is said, items are asked for in some sentence."""
    for sentence in re.split(r"(?<=[.!?;])\s+|,? but |\bso\b", plain):
        if _OPENER.search(sentence) or _MORE.search(sentence):
            return True
        if _ASKS_ITEMS.search(sentence) and not _TELLS.search(sentence):
            return True
    return False


def has_opener(plain: str) -> bool:
    """True when a request is opened ("I want", "recommend", "how about")."""
    return bool(_OPENER.search(plain))


def adds_titles(plain: str) -> bool:
    """True when a named title joins the examples instead of replacing them ("also like …")."""
    return bool(re.search(r"\b(?:also|as well|too|plus|add)\b|^and\b", plain))


def asks_to_remember(plain: str) -> bool:
    """True for "remember that …", "from now on …"."""
    return bool(_REMEMBER.search(plain))


def tells_in_passing(plain: str) -> bool:
    """True for "…, fyi": to be kept where it is a taste, an opinion where it is about an item."""
    return bool(_TELLS_IN_PASSING.search(plain))


def says_something(plain: str) -> bool:
    """True when an object of the wish is left open in words: "something", "anything"."""
    return bool(re.search(r"\b(?:something|anything)\b", plain))


def is_surprise(plain: str) -> bool:
    """True when the choice is left to us."""
    return bool(_SURPRISE.search(plain.strip()))


def asks_to_see(plain: str) -> bool:
    """True for "I'd rather see some suggestions": items, not talk; what they are to be was said before."""
    return bool(_RATHER_SEE.search(plain))


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


def asks_for_service(plain: str) -> bool:
    """True for what no recommender does: "can you book me a table for two?"."""
    return bool(_SERVICE.search(plain))


def looks_random(words: str) -> bool:
    """True when hardly a word looks like one of any language, or one word comes again and again."""
    said = words.split()
    strange = sum(bool(_RANDOM.search(word)) for word in said)
    return strange * 3 >= 2 * len(said) or (len(said) > 1 and len(set(said)) == 1)


def is_word_salad(plain: str) -> bool:
    """True for little words in an order that no sentence has ("purple if the of")."""
    return bool(_SALAD.search(plain)) and not has_opener(plain)


def asks_who(plain: str) -> bool:
    """True for "who are you?", "are you a robot?"."""
    return bool(_IDENTITY.search(plain))


def is_cry_for_help(plain: str) -> bool:
    """True when somebody speaks of harming themselves."""
    return bool(_CARE.search(plain))
