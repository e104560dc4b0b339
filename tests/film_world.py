"""A small world of real films and made-up viewers, for tests of everything above the data.

Facts are common knowledge about well-known films; item ids are "f001", "f002", … in the order
below. `film_interactions` makes viewers with tastes, so that models have something to find.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from rec_core import Catalog, Dataset, IdMap, Interactions, Item

# title | year | genres | directors | cast | tags | other titles
_FILMS = """
Heat|1995|Action,Crime,Thriller|Michael Mann|Al Pacino,Robert De Niro,Val Kilmer|heist,bank robbery,los angeles
Toy Story|1995|Adventure,Animation,Children,Comedy|John Lasseter|Tom Hanks,Tim Allen,Don Rickles|pixar,toys,friendship
Toy Story 2|1999|Adventure,Animation,Children,Comedy|John Lasseter|Tom Hanks,Tim Allen,Joan Cusack|pixar,toys,sequel
Toy Story 3|2010|Adventure,Animation,Children,Comedy|Lee Unkrich|Tom Hanks,Tim Allen,Joan Cusack|pixar,toys,sequel
Star Wars: Episode IV - A New Hope|1977|Action,Adventure,Sci-Fi|George Lucas|Mark Hamill,Harrison Ford,Carrie Fisher|space,jedi,classic|Star Wars
Star Wars: Episode V - The Empire Strikes Back|1980|Action,Adventure,Sci-Fi|Irvin Kershner|Mark Hamill,Harrison Ford,Carrie Fisher|space,jedi,sequel|The Empire Strikes Back
Star Wars: Episode VI - Return of the Jedi|1983|Action,Adventure,Sci-Fi|Richard Marquand|Mark Hamill,Harrison Ford,Carrie Fisher|space,jedi,sequel|Return of the Jedi
The Godfather|1972|Crime,Drama|Francis Ford Coppola|Marlon Brando,Al Pacino,James Caan|mafia,family,classic
The Godfather: Part II|1974|Crime,Drama|Francis Ford Coppola|Al Pacino,Robert De Niro,Diane Keaton|mafia,family,sequel
The Godfather: Part III|1990|Crime,Drama,Thriller|Francis Ford Coppola|Al Pacino,Andy Garcia,Diane Keaton|mafia,family,sequel
Pulp Fiction|1994|Comedy,Crime,Drama,Thriller|Quentin Tarantino|John Travolta,Samuel L. Jackson,Uma Thurman|nonlinear,violence,dialogue
Reservoir Dogs|1992|Crime,Thriller|Quentin Tarantino|Harvey Keitel,Tim Roth,Michael Madsen|heist,violence
Jackie Brown|1997|Comedy,Crime,Drama|Quentin Tarantino|Pam Grier,Samuel L. Jackson,Robert Forster|smuggling
Kill Bill: Vol. 1|2003|Action,Crime,Thriller|Quentin Tarantino|Uma Thurman,Lucy Liu,Vivica A. Fox|revenge,martial arts
Kill Bill: Vol. 2|2004|Action,Drama,Thriller|Quentin Tarantino|Uma Thurman,David Carradine,Michael Madsen|revenge,martial arts
Inglourious Basterds|2009|Action,Drama,War|Quentin Tarantino|Brad Pitt,Christoph Waltz,Mélanie Laurent|world war ii
Goodfellas|1990|Crime,Drama|Martin Scorsese|Robert De Niro,Ray Liotta,Joe Pesci|mafia,based on a true story
Casino|1995|Crime,Drama|Martin Scorsese|Robert De Niro,Sharon Stone,Joe Pesci|mafia,las vegas
Taxi Driver|1976|Crime,Drama,Thriller|Martin Scorsese|Robert De Niro,Jodie Foster,Harvey Keitel|new york,loneliness
Raging Bull|1980|Drama|Martin Scorsese|Robert De Niro,Cathy Moriarty,Joe Pesci|boxing,black and white
The Departed|2006|Crime,Drama,Thriller|Martin Scorsese|Leonardo DiCaprio,Matt Damon,Jack Nicholson|undercover,remake
Cape Fear|1991|Thriller|Martin Scorsese|Robert De Niro,Nick Nolte,Jessica Lange|remake,revenge
Cape Fear|1962|Crime,Drama,Thriller|J. Lee Thompson|Gregory Peck,Robert Mitchum,Polly Bergen|revenge,black and white
Alien|1979|Horror,Sci-Fi|Ridley Scott|Sigourney Weaver,Tom Skerritt,John Hurt|space,monster
Aliens|1986|Action,Adventure,Horror,Sci-Fi|James Cameron|Sigourney Weaver,Michael Biehn,Bill Paxton|space,monster,sequel
Alien 3|1992|Action,Horror,Sci-Fi|David Fincher|Sigourney Weaver,Charles S. Dutton,Charles Dance|space,prison,sequel|Alien³
Blade Runner|1982|Action,Sci-Fi,Thriller|Ridley Scott|Harrison Ford,Rutger Hauer,Sean Young|dystopia,androids
Gladiator|2000|Action,Adventure,Drama|Ridley Scott|Russell Crowe,Joaquin Phoenix,Connie Nielsen|rome,revenge
The Terminator|1984|Action,Sci-Fi,Thriller|James Cameron|Arnold Schwarzenegger,Linda Hamilton,Michael Biehn|time travel,robots
Terminator 2: Judgment Day|1991|Action,Sci-Fi|James Cameron|Arnold Schwarzenegger,Linda Hamilton,Edward Furlong|time travel,robots,sequel
Titanic|1997|Drama,Romance|James Cameron|Leonardo DiCaprio,Kate Winslet,Billy Zane|ship,disaster
Titanic|1953|Drama|Jean Negulesco|Clifton Webb,Barbara Stanwyck,Robert Wagner|ship,disaster
Avatar|2009|Action,Adventure,Sci-Fi|James Cameron|Sam Worthington,Zoe Saldana,Sigourney Weaver|aliens,3d
Big|1988|Comedy,Drama,Fantasy|Penny Marshall|Tom Hanks,Elizabeth Perkins,Robert Loggia|body swap,feel-good
Speed|1994|Action,Thriller|Jan de Bont|Keanu Reeves,Sandra Bullock,Dennis Hopper|bus,bomb
It|1990|Horror,Mystery|Tommy Lee Wallace|Tim Curry,Richard Thomas,John Ritter|clown,stephen king
It|2017|Horror|Andy Muschietti|Bill Skarsgård,Jaeden Martell,Finn Wolfhard|clown,stephen king,remake
Her|2013|Drama,Romance,Sci-Fi|Spike Jonze|Joaquin Phoenix,Scarlett Johansson,Amy Adams|artificial intelligence,loneliness
Up|2009|Adventure,Animation,Children,Drama|Pete Docter|Edward Asner,Christopher Plummer,Jordan Nagai|pixar,balloons
Seven|1995|Crime,Mystery,Thriller|David Fincher|Brad Pitt,Morgan Freeman,Gwyneth Paltrow|serial killer,dark|Se7en
Fight Club|1999|Action,Crime,Drama,Thriller|David Fincher|Brad Pitt,Edward Norton,Helena Bonham Carter|twist ending,violence
The Game|1997|Drama,Mystery,Thriller|David Fincher|Michael Douglas,Sean Penn,Deborah Kara Unger|twist ending
Zodiac|2007|Crime,Drama,Thriller|David Fincher|Jake Gyllenhaal,Robert Downey Jr.,Mark Ruffalo|serial killer,based on a true story
Panic Room|2002|Thriller|David Fincher|Jodie Foster,Kristen Stewart,Forest Whitaker|home invasion
The Silence of the Lambs|1991|Crime,Horror,Thriller|Jonathan Demme|Jodie Foster,Anthony Hopkins,Scott Glenn|serial killer,psychology
The Usual Suspects|1995|Crime,Mystery,Thriller|Bryan Singer|Kevin Spacey,Gabriel Byrne,Benicio Del Toro|heist,twist ending
L.A. Confidential|1997|Crime,Film-Noir,Mystery,Thriller|Curtis Hanson|Kevin Spacey,Russell Crowe,Guy Pearce|police,los angeles
Chinatown|1974|Crime,Film-Noir,Mystery,Thriller|Roman Polanski|Jack Nicholson,Faye Dunaway,John Huston|detective,los angeles
Fargo|1996|Comedy,Crime,Drama,Thriller|Joel Coen|Frances McDormand,William H. Macy,Steve Buscemi|kidnapping,snow,dark comedy
The Big Lebowski|1998|Comedy,Crime|Joel Coen|Jeff Bridges,John Goodman,Julianne Moore|bowling,dark comedy
No Country for Old Men|2007|Crime,Drama|Ethan Coen,Joel Coen|Tommy Lee Jones,Javier Bardem,Josh Brolin|hitman,violence
O Brother, Where Art Thou?|2000|Adventure,Comedy,Crime|Joel Coen|George Clooney,John Turturro,Tim Blake Nelson|music,great depression
Ocean's Eleven|2001|Crime,Thriller|Steven Soderbergh|George Clooney,Brad Pitt,Julia Roberts|heist,las vegas,remake
Ocean's Eleven|1960|Comedy,Crime|Lewis Milestone|Frank Sinatra,Dean Martin,Sammy Davis Jr.|heist,las vegas|Ocean's 11
Out of Sight|1998|Comedy,Crime,Romance|Steven Soderbergh|George Clooney,Jennifer Lopez,Ving Rhames|bank robbery
Dog Day Afternoon|1975|Crime,Drama|Sidney Lumet|Al Pacino,John Cazale,Charles Durning|bank robbery,new york
Serpico|1973|Crime,Drama|Sidney Lumet|Al Pacino,John Randolph,Jack Kehoe|police,corruption
Network|1976|Comedy,Drama|Sidney Lumet|Faye Dunaway,William Holden,Peter Finch|television,satire
Scarface|1983|Action,Crime,Drama|Brian De Palma|Al Pacino,Steven Bauer,Michelle Pfeiffer|mafia,drugs,remake
Carlito's Way|1993|Crime,Drama|Brian De Palma|Al Pacino,Sean Penn,Penelope Ann Miller|mafia
Donnie Brasco|1997|Crime,Drama|Mike Newell|Al Pacino,Johnny Depp,Michael Madsen|undercover,mafia
The Insider|1999|Drama,Thriller|Michael Mann|Al Pacino,Russell Crowe,Christopher Plummer|based on a true story,journalism
Collateral|2004|Action,Crime,Drama,Thriller|Michael Mann|Tom Cruise,Jamie Foxx,Jada Pinkett Smith|hitman,los angeles
Thief|1981|Crime,Drama,Thriller|Michael Mann|James Caan,Tuesday Weld,Willie Nelson|heist
Point Break|1991|Action,Crime,Thriller|Kathryn Bigelow|Patrick Swayze,Keanu Reeves,Gary Busey|bank robbery,surfing
Die Hard|1988|Action,Crime,Thriller|John McTiernan|Bruce Willis,Alan Rickman,Bonnie Bedelia|christmas,hostage
Die Hard 2|1990|Action,Adventure,Thriller|Renny Harlin|Bruce Willis,Bonnie Bedelia,William Atherton|christmas,airport,sequel
The Matrix|1999|Action,Sci-Fi,Thriller|Lana Wachowski,Lilly Wachowski|Keanu Reeves,Laurence Fishburne,Carrie-Anne Moss|virtual reality,dystopia
The Matrix Reloaded|2003|Action,Adventure,Sci-Fi,Thriller|Lana Wachowski,Lilly Wachowski|Keanu Reeves,Laurence Fishburne,Carrie-Anne Moss|virtual reality,sequel
Back to the Future|1985|Adventure,Comedy,Sci-Fi|Robert Zemeckis|Michael J. Fox,Christopher Lloyd,Lea Thompson|time travel,feel-good
Back to the Future Part II|1989|Adventure,Comedy,Sci-Fi|Robert Zemeckis|Michael J. Fox,Christopher Lloyd,Lea Thompson|time travel,sequel
Forrest Gump|1994|Comedy,Drama,Romance,War|Robert Zemeckis|Tom Hanks,Robin Wright,Gary Sinise|vietnam,feel-good
Cast Away|2000|Drama|Robert Zemeckis|Tom Hanks,Helen Hunt,Chris Noth|survival,island
Who Framed Roger Rabbit|1988|Adventure,Animation,Children,Comedy,Crime,Fantasy,Mystery|Robert Zemeckis|Bob Hoskins,Christopher Lloyd,Charles Fleischer|cartoon,detective
Jaws|1975|Action,Horror|Steven Spielberg|Roy Scheider,Robert Shaw,Richard Dreyfuss|shark,ocean
Close Encounters of the Third Kind|1977|Adventure,Drama,Sci-Fi|Steven Spielberg|Richard Dreyfuss,François Truffaut,Teri Garr|aliens,ufo
Raiders of the Lost Ark|1981|Action,Adventure|Steven Spielberg|Harrison Ford,Karen Allen,Paul Freeman|archaeology,treasure|Indiana Jones and the Raiders of the Lost Ark
Indiana Jones and the Temple of Doom|1984|Action,Adventure,Fantasy|Steven Spielberg|Harrison Ford,Kate Capshaw,Ke Huy Quan|archaeology,sequel
Indiana Jones and the Last Crusade|1989|Action,Adventure|Steven Spielberg|Harrison Ford,Sean Connery,Alison Doody|archaeology,sequel
E.T. the Extra-Terrestrial|1982|Children,Drama,Sci-Fi|Steven Spielberg|Henry Thomas,Drew Barrymore,Dee Wallace|aliens,friendship|E.T.
Jurassic Park|1993|Action,Adventure,Sci-Fi,Thriller|Steven Spielberg|Sam Neill,Laura Dern,Jeff Goldblum|dinosaurs
Schindler's List|1993|Drama,War|Steven Spielberg|Liam Neeson,Ben Kingsley,Ralph Fiennes|holocaust,black and white
Saving Private Ryan|1998|Action,Drama,War|Steven Spielberg|Tom Hanks,Matt Damon,Edward Burns|world war ii
Catch Me If You Can|2002|Crime,Drama|Steven Spielberg|Leonardo DiCaprio,Tom Hanks,Christopher Walken|con man,based on a true story
Minority Report|2002|Action,Crime,Mystery,Sci-Fi,Thriller|Steven Spielberg|Tom Cruise,Colin Farrell,Samantha Morton|dystopia
The Goonies|1985|Action,Adventure,Children,Comedy,Fantasy|Richard Donner|Sean Astin,Josh Brolin,Corey Feldman|treasure,friendship
Honey, I Shrunk the Kids|1989|Adventure,Children,Comedy,Fantasy,Sci-Fi|Joe Johnston|Rick Moranis,Matt Frewer,Marcia Strassman|family,invention
Pee-wee's Big Adventure|1985|Adventure,Children,Comedy|Tim Burton|Paul Reubens,Elizabeth Daily,Mark Holton|bicycle,road trip
The Great Muppet Caper|1981|Children,Comedy,Musical|Jim Henson|Jim Henson,Frank Oz,Charles Grodin|muppets,heist
The Muppets Take Manhattan|1984|Children,Comedy,Musical|Frank Oz|Jim Henson,Frank Oz,Dave Goelz|muppets,new york
The Muppet Movie|1979|Adventure,Children,Comedy,Musical|James Frawley|Jim Henson,Frank Oz,Charles Durning|muppets,road trip
The NeverEnding Story|1984|Adventure,Children,Fantasy|Wolfgang Petersen|Barret Oliver,Noah Hathaway,Tami Stronach|book,dragon
Ernest Goes to Camp|1987|Children,Comedy|John R. Cherry III|Jim Varney,Victoria Racimo,John Vernon|summer camp
Adventures in Babysitting|1987|Adventure,Children,Comedy|Chris Columbus|Elisabeth Shue,Keith Coogan,Anthony Rapp|babysitter,chicago
Flight of the Navigator|1986|Adventure,Children,Sci-Fi|Randal Kleiser|Joey Cramer,Veronica Cartwright,Cliff De Young|aliens,time travel
Home Alone|1990|Children,Comedy|Chris Columbus|Macaulay Culkin,Joe Pesci,Daniel Stern|christmas,burglars
Home Alone 2: Lost in New York|1992|Children,Comedy|Chris Columbus|Macaulay Culkin,Joe Pesci,Daniel Stern|christmas,new york,sequel
Mrs. Doubtfire|1993|Comedy,Drama|Chris Columbus|Robin Williams,Sally Field,Pierce Brosnan|family,disguise
Harry Potter and the Sorcerer's Stone|2001|Adventure,Children,Fantasy|Chris Columbus|Daniel Radcliffe,Rupert Grint,Emma Watson|magic,school|Harry Potter and the Philosopher's Stone
Harry Potter and the Prisoner of Azkaban|2004|Adventure,Children,Fantasy|Alfonso Cuarón|Daniel Radcliffe,Rupert Grint,Emma Watson|magic,school,sequel
Babe|1995|Children,Drama|Chris Noonan|James Cromwell,Christine Cavanaugh,Magda Szubanski|pig,farm
Matilda|1996|Children,Comedy,Fantasy|Danny DeVito|Mara Wilson,Danny DeVito,Rhea Perlman|school,magic
Jumanji|1995|Adventure,Children,Fantasy|Joe Johnston|Robin Williams,Kirsten Dunst,Bonnie Hunt|board game
Shrek|2001|Adventure,Animation,Children,Comedy,Fantasy,Romance|Andrew Adamson,Vicky Jenson|Mike Myers,Eddie Murphy,Cameron Diaz|ogre,fairy tale
Shrek 2|2004|Adventure,Animation,Children,Comedy,Musical,Romance|Andrew Adamson,Conrad Vernon|Mike Myers,Eddie Murphy,Cameron Diaz|ogre,sequel
Finding Nemo|2003|Adventure,Animation,Children,Comedy|Andrew Stanton|Albert Brooks,Ellen DeGeneres,Alexander Gould|pixar,ocean
Monsters, Inc.|2001|Adventure,Animation,Children,Comedy,Fantasy|Pete Docter|John Goodman,Billy Crystal,Mary Gibbs|pixar,monster
The Incredibles|2004|Action,Adventure,Animation,Children,Comedy|Brad Bird|Craig T. Nelson,Holly Hunter,Samuel L. Jackson|pixar,superhero
Ratatouille|2007|Animation,Children,Drama|Brad Bird|Patton Oswalt,Ian Holm,Lou Romano|pixar,cooking,paris
The Iron Giant|1999|Adventure,Animation,Children,Drama,Sci-Fi|Brad Bird|Vin Diesel,Jennifer Aniston,Eli Marienthal|robots,friendship
WALL·E|2008|Adventure,Animation,Children,Romance,Sci-Fi|Andrew Stanton|Ben Burtt,Elissa Knight,Jeff Garlin|pixar,robots|WALL-E
The Lion King|1994|Adventure,Animation,Children,Drama,Musical|Roger Allers,Rob Minkoff|Matthew Broderick,Jeremy Irons,James Earl Jones|disney,africa
Aladdin|1992|Adventure,Animation,Children,Comedy,Musical|Ron Clements,John Musker|Scott Weinger,Robin Williams,Linda Larkin|disney,magic
The Little Mermaid|1989|Animation,Children,Comedy,Musical,Romance|Ron Clements,John Musker|Jodi Benson,Christopher Daniel Barnes,Samuel E. Wright|disney,ocean
Beauty and the Beast|1991|Animation,Children,Fantasy,Musical,Romance|Gary Trousdale,Kirk Wise|Paige O'Hara,Robby Benson,Angela Lansbury|disney,fairy tale
Beauty and the Beast|1946|Drama,Fantasy|Jean Cocteau|Jean Marais,Josette Day,Michel Auclair|fairy tale,black and white|La Belle et la Bête
Mary Poppins|1964|Children,Comedy,Fantasy,Musical|Robert Stevenson|Julie Andrews,Dick Van Dyke,David Tomlinson|disney,nanny
Willy Wonka & the Chocolate Factory|1971|Children,Comedy,Fantasy,Musical|Mel Stuart|Gene Wilder,Jack Albertson,Peter Ostrum|candy
The Parent Trap|1961|Children,Comedy,Romance|David Swift|Hayley Mills,Maureen O'Hara,Brian Keith|twins
The Parent Trap|1998|Children,Comedy,Romance|Nancy Meyers|Lindsay Lohan,Dennis Quaid,Natasha Richardson|twins,remake
Freaky Friday|1976|Children,Comedy,Fantasy|Gary Nelson|Barbara Harris,Jodie Foster,John Astin|body swap
Annie Hall|1977|Comedy,Romance|Woody Allen|Woody Allen,Diane Keaton,Tony Roberts|new york,relationships
Manhattan|1979|Comedy,Drama,Romance|Woody Allen|Woody Allen,Diane Keaton,Mariel Hemingway|new york,black and white
When Harry Met Sally...|1989|Comedy,Romance|Rob Reiner|Billy Crystal,Meg Ryan,Carrie Fisher|new york,friendship
Sleepless in Seattle|1993|Comedy,Drama,Romance|Nora Ephron|Tom Hanks,Meg Ryan,Bill Pullman|seattle,feel-good
You've Got Mail|1998|Comedy,Romance|Nora Ephron|Tom Hanks,Meg Ryan,Greg Kinnear|new york,remake
Pretty Woman|1990|Comedy,Romance|Garry Marshall|Richard Gere,Julia Roberts,Jason Alexander|los angeles
Notting Hill|1999|Comedy,Romance|Roger Michell|Julia Roberts,Hugh Grant,Rhys Ifans|london
Love Actually|2003|Comedy,Drama,Romance|Richard Curtis|Hugh Grant,Liam Neeson,Emma Thompson|christmas,london
The Princess Bride|1987|Action,Adventure,Comedy,Fantasy,Romance|Rob Reiner|Cary Elwes,Robin Wright,Mandy Patinkin|fairy tale,sword fight
Groundhog Day|1993|Comedy,Fantasy,Romance|Harold Ramis|Bill Murray,Andie MacDowell,Chris Elliott|time loop,feel-good
Ghostbusters|1984|Action,Comedy,Sci-Fi|Ivan Reitman|Bill Murray,Dan Aykroyd,Sigourney Weaver|ghosts,new york
Ghostbusters|2016|Action,Comedy,Sci-Fi|Paul Feig|Melissa McCarthy,Kristen Wiig,Kate McKinnon|ghosts,remake
Airplane!|1980|Comedy|Jim Abrahams,David Zucker,Jerry Zucker|Robert Hays,Julie Hagerty,Leslie Nielsen|parody
Monty Python and the Holy Grail|1975|Adventure,Comedy,Fantasy|Terry Gilliam,Terry Jones|Graham Chapman,John Cleese,Eric Idle|parody,knights
Life of Brian|1979|Comedy|Terry Jones|Graham Chapman,John Cleese,Michael Palin|religion,satire|Monty Python's Life of Brian
Brazil|1985|Fantasy,Sci-Fi|Terry Gilliam|Jonathan Pryce,Robert De Niro,Katherine Helmond|dystopia,satire
Twelve Monkeys|1995|Mystery,Sci-Fi,Thriller|Terry Gilliam|Bruce Willis,Madeleine Stowe,Brad Pitt|time travel,dystopia|12 Monkeys
Memento|2000|Mystery,Thriller|Christopher Nolan|Guy Pearce,Carrie-Anne Moss,Joe Pantoliano|nonlinear,memory
The Dark Knight|2008|Action,Crime,Drama|Christopher Nolan|Christian Bale,Heath Ledger,Aaron Eckhart|superhero,joker
Batman|1989|Action,Crime,Thriller|Tim Burton|Michael Keaton,Jack Nicholson,Kim Basinger|superhero,joker
Inception|2010|Action,Crime,Sci-Fi,Thriller|Christopher Nolan|Leonardo DiCaprio,Joseph Gordon-Levitt,Elliot Page|dreams,heist
The Lord of the Rings: The Fellowship of the Ring|2001|Adventure,Fantasy|Peter Jackson|Elijah Wood,Ian McKellen,Viggo Mortensen|magic,quest
The Lord of the Rings: The Two Towers|2002|Adventure,Fantasy|Peter Jackson|Elijah Wood,Ian McKellen,Viggo Mortensen|magic,quest,sequel
The Lord of the Rings: The Return of the King|2003|Action,Adventure,Drama,Fantasy|Peter Jackson|Elijah Wood,Ian McKellen,Viggo Mortensen|magic,quest,sequel
The Shining|1980|Horror|Stanley Kubrick|Jack Nicholson,Shelley Duvall,Danny Lloyd|hotel,stephen king
2001: A Space Odyssey|1968|Adventure,Drama,Sci-Fi|Stanley Kubrick|Keir Dullea,Gary Lockwood,William Sylvester|space,artificial intelligence
A Clockwork Orange|1971|Crime,Drama,Sci-Fi,Thriller|Stanley Kubrick|Malcolm McDowell,Patrick Magee,Michael Bates|dystopia,violence
Psycho|1960|Crime,Horror|Alfred Hitchcock|Anthony Perkins,Janet Leigh,Vera Miles|serial killer,black and white
Psycho|1998|Crime,Horror,Thriller|Gus Van Sant|Vince Vaughn,Anne Heche,Julianne Moore|serial killer,remake
Vertigo|1958|Drama,Mystery,Romance,Thriller|Alfred Hitchcock|James Stewart,Kim Novak,Barbara Bel Geddes|obsession
Halloween|1978|Horror|John Carpenter|Jamie Lee Curtis,Donald Pleasence,Nancy Kyes|slasher
The Exorcist|1973|Horror,Mystery|William Friedkin|Ellen Burstyn,Max von Sydow,Linda Blair|possession
The Sixth Sense|1999|Drama,Horror,Mystery|M. Night Shyamalan|Bruce Willis,Haley Joel Osment,Toni Collette|ghosts,twist ending
Casablanca|1942|Drama,Romance|Michael Curtiz|Humphrey Bogart,Ingrid Bergman,Paul Henreid|world war ii,classic
The Maltese Falcon|1941|Film-Noir,Mystery|John Huston|Humphrey Bogart,Mary Astor,Peter Lorre|detective,classic
Double Indemnity|1944|Crime,Drama,Film-Noir|Billy Wilder|Fred MacMurray,Barbara Stanwyck,Edward G. Robinson|insurance,classic
Unforgiven|1992|Drama,Western|Clint Eastwood|Clint Eastwood,Gene Hackman,Morgan Freeman|revenge
Dances with Wolves|1990|Adventure,Drama,Western|Kevin Costner|Kevin Costner,Mary McDonnell,Graham Greene|frontier
The Good, the Bad and the Ugly|1966|Action,Adventure,Western|Sergio Leone|Clint Eastwood,Lee Van Cleef,Eli Wallach|treasure,classic|Il buono, il brutto, il cattivo
Apocalypse Now|1979|Action,Drama,War|Francis Ford Coppola|Martin Sheen,Marlon Brando,Robert Duvall|vietnam
Platoon|1986|Drama,War|Oliver Stone|Charlie Sheen,Willem Dafoe,Tom Berenger|vietnam
The Shawshank Redemption|1994|Crime,Drama|Frank Darabont|Tim Robbins,Morgan Freeman,Bob Gunton|prison,friendship
Amélie|2001|Comedy,Romance|Jean-Pierre Jeunet|Audrey Tautou,Mathieu Kassovitz,Rufus|paris,feel-good|Le Fabuleux Destin d'Amélie Poulain
Léon: The Professional|1994|Action,Crime,Drama,Thriller|Luc Besson|Jean Reno,Natalie Portman,Gary Oldman|hitman|Léon|The Professional
Life Is Beautiful|1997|Comedy,Drama,Romance,War|Roberto Benigni|Roberto Benigni,Nicoletta Braschi,Giorgio Cantarini|holocaust,italy|La vita è bella
Crouching Tiger, Hidden Dragon|2000|Action,Drama,Romance|Ang Lee|Chow Yun-Fat,Michelle Yeoh,Zhang Ziyi|martial arts,sword fight|Wo hu cang long
Spirited Away|2001|Adventure,Animation,Fantasy|Hayao Miyazaki|Rumi Hiiragi,Miyu Irino,Mari Natsuki|studio ghibli,magic|Sen to Chihiro no kamikakushi
My Neighbor Totoro|1988|Animation,Children,Drama,Fantasy|Hayao Miyazaki|Noriko Hidaka,Chika Sakamoto,Hitoshi Takagi|studio ghibli|Tonari no Totoro
Das Boot|1981|Action,Drama,War|Wolfgang Petersen|Jürgen Prochnow,Herbert Grönemeyer,Klaus Wennemann|submarine,world war ii|The Boat
Y tu mamá también|2001|Comedy,Drama,Romance|Alfonso Cuarón|Maribel Verdú,Gael García Bernal,Diego Luna|road trip|And Your Mother Too
City of God|2002|Action,Crime,Drama,Thriller|Fernando Meirelles|Alexandre Rodrigues,Leandro Firmino,Seu Jorge|brazil,gangs|Cidade de Deus
Untitled Test Reel||Drama|||
""".strip()  # fmt: skip

_GENRE_TASTES = (
    ("Crime", "Thriller"),
    ("Children", "Animation"),
    ("Comedy", "Romance"),
    ("Sci-Fi", "Action"),
    ("Horror", "Mystery"),
    ("Drama", "War"),
)
_DECADES = (1970, 1980, 1990, 2000)
_START = 978_300_000  # a day at the end of the year 2000, in seconds


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _film(number: int, line: str) -> Item:
    title, year, genres, directors, cast, tags, *other = line.split("|")
    return Item(
        item_id=f"f{number:03d}",
        title=title,
        year=int(year) if year else None,
        genres=_split(genres),
        directors=_split(directors),
        cast=_split(cast),
        tags=_split(tags),
        alt_titles=tuple(other),
    )


@cache
def film_catalog() -> Catalog:
    """About 180 well-known films; "Untitled Test Reel" alone has no year."""
    return Catalog([_film(number, line) for number, line in enumerate(_FILMS.split("\n"), 1)])


def film_id(title: str, year: int | None = None) -> str:
    """The id of the film with exactly that title (and year, where several share it)."""
    found = [
        item.item_id
        for item in film_catalog()
        if item.title == title and (year is None or item.year == year)
    ]
    if len(found) != 1:
        message = f"{len(found)} films are called {title!r} ({year})"
        raise LookupError(message)
    return found[0]


def film_interactions(catalog: Catalog, *, n_users: int = 120, seed: int = 0) -> Interactions:
    """Viewers u001 .. with a taste in genres and a favourite decade, 15 to 40 ratings each.

    Films of the taste are chosen more often and rated higher; sequels tend to be watched after
    each other because a viewer goes through a favourite decade in catalog order now and then.
    The same arguments give the same events.
    """
    generator = np.random.default_rng(seed)
    fame = 1.0 / (1.0 + generator.permutation(len(catalog)))
    events = [_viewer(catalog, user_row, fame, generator) for user_row in range(n_users)]
    user_rows = np.repeat(np.arange(n_users), [len(rows) for rows, _, _ in events])
    return Interactions(
        users=IdMap([f"u{number:03d}" for number in range(1, n_users + 1)]),
        catalog_ids=catalog.ids,
        user_rows=user_rows,
        item_rows=np.concatenate([rows for rows, _, _ in events]),
        weights=np.concatenate([ratings for _, ratings, _ in events]),
        timestamps=np.concatenate([times for _, _, times in events]),
    )


def _viewer(
    catalog: Catalog, user_row: int, fame: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Item rows, ratings and times of one viewer, oldest first."""
    taste = _GENRE_TASTES[user_row % len(_GENRE_TASTES)]
    decade = _DECADES[generator.integers(len(_DECADES))]
    columns = [catalog.genres.index(genre) for genre in taste]
    liking = catalog.genre_matrix[:, columns].sum(axis=1)
    liking = liking + 0.5 * (catalog.years // 10 * 10 == decade)
    n_events = int(generator.integers(15, 41))
    appeal = np.exp(1.5 * liking) * (0.02 + fame)
    rows = generator.choice(len(catalog), size=n_events, replace=False, p=appeal / appeal.sum())
    watched_in_order = generator.random() < 0.5
    rows = np.sort(rows) if watched_in_order else rows
    noise = generator.normal(0.0, 0.7, size=n_events)
    ratings = np.clip(np.rint(2.6 + 0.9 * liking[rows] + noise), 1, 5)
    times = _START + user_row * 86_400 + np.cumsum(generator.integers(20, 4000, size=n_events))
    return rows, ratings.astype(np.float32), times


@cache
def film_dataset() -> Dataset:
    """The films with 120 viewers, as a data set called "film-world"."""
    catalog = film_catalog()
    return Dataset(
        name="film-world", catalog=catalog, interactions=film_interactions(catalog), meta={}
    )
