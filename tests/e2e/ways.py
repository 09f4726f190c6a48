"""For each sample question of an administrator or a secretariat: the way to its answer.

Every way begins on the front page and takes one search or at most four clicks; the words expected
at its end are ours, from the graph. The questions about SPARQL are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Search:
    """Type words in the search field and press Enter."""

    words: str


@dataclass(frozen=True)
class Link:
    """Follow the link to a page, from where one is."""

    path: str


@dataclass(frozen=True)
class Menu:
    """Choose a page in the main menu."""

    words: str


@dataclass(frozen=True)
class Choose:
    """Choose a value in a filter."""

    name: str
    value: str


@dataclass(frozen=True)
class Fill:
    """Write in a filter."""

    name: str
    value: str


Step = Search | Link | Menu | Choose | Fill


@dataclass(frozen=True)
class Way:
    """The steps to the answer of one question, and words that must stand there."""

    question: str
    persona: str
    steps: tuple[Step, ...]
    expected: str


WAYS = (
    Way("A2-01", "secretariat", (Menu("Indsatser"),), "I alt 49 0 22 1 72"),
    Way("A2-02", "administrator", (Link("/indsatser?decision=Discontinue"),), "22 indsatser"),
    Way(
        "A2-03",
        "secretariat",
        (
            Search(
                "Er der indsatser, hvor beslutningsordet siger 'Videreføres', men teksten siger, at indsatsen ikke videreføres?"
            ),
            Link("/ting/contradiction/underrepraesentation-ord-mod-tekst"),
        ),
        "Underrepræsentation af indvandrere: ordet Videreføres, teksten ikke vi",
    ),
    Way(
        "A2-11",
        "administrator",
        (
            Search(
                "Hvem varetager opfølgningen på aftaler med leverandører af rehabilitering på specialiseret niveau?"
            ),
            Link("/ansvar/sekretariat-foelger-op-leverandoerer"),
        ),
        "pfølgning på aftaler med leverandører af rehabilitering på",
    ),
    Way(
        "A2-16",
        "secretariat",
        (
            Search("Hvornår blev den reviderede SAM:BO implementeret?"),
            Link("/ting/contradiction/sam-bo-implementeret-3-oktober-eller-tredje-kvartal-2017"),
        ),
        "Den reviderede SAM:BO er implementeret 3. oktober 2017 eller i tredje ",
    ),
    Way("A2-20", "secretariat", (Menu("Indsatser"), Choose("year", "2021")), "indsatser"),
    Way(
        "A2-23",
        "secretariat",
        (
            Search(
                "Hvor er monitoreringen af strategien om livsstilssygdomme hos mennesker med sindslidelse placeret nu, og hvad kan ændre det?"
            ),
            Link("/indsatser/monitorering-livsstilssygdomme-sindslidelse"),
        ),
        "Arbejdsgruppe: Monitorering af Strategi for forebyggelse og behandling",
    ),
    Way(
        "A2-24",
        "secretariat",
        (
            Search(
                "Hvilke af aftalerne med teksten 'videreføres og revideres efter behov' er allerede under revision?"
            ),
            Link("/ting/claim/otte-indsatser-revideres-efter-behov"),
        ),
        "Otte indsatser har teksten om videreførelse og revision efter behov",
    ),
    Way(
        "A2-31",
        "secretariat",
        (Menu("Kalender"), Fill("from", "2019-01-01"), Fill("due_before", "2019-07-01")),
        "24. januar 2019",
    ),
    Way(
        "A2-35",
        "secretariat",
        (Search("SOF lokalt samordningsforum"), Link("/aktoerer/sof")),
        "Lokalt samordningsforum",
    ),
    Way(
        "A2-38",
        "secretariat",
        (
            Search(
                "Hvilke to indsatser om genoptræningsplaner/rehabilitering er afviklet, mens deres opfølgning videreføres?"
            ),
            Link("/ting/contradiction/understoettelse-psykiatri-afvikles-opfoelgning-videre"),
        ),
        "Understøttelse af genoptræningsplaner til psykiatriske patienter afvik",
    ),
    Way(
        "B1-01",
        "secretariat",
        (
            Search(
                "Hvem er ansvarlig for, at forløbsprogrammet for mennesker med hjertesygdom er ajourført og tidssvarende?"
            ),
            Link("/ansvar/dak-ajourfoerer-hjerteprogram"),
        ),
        "ikre, at forløbsprogrammet er ajourført og tidssvarende",
    ),
    Way(
        "B1-02",
        "secretariat",
        (
            Search(
                "Hvem udvikler ifølge hjerteforløbsprogrammets kapitel 1 monitoreringsredskabet, hvad skal det afdække, og hvem får monitoreringsresultaterne hvor tit?"
            ),
            Link("/ansvar/foelgegruppe-udvikler-monitoreringsredskab-hjerte"),
        ),
        "dvikle monitoreringsredskab for forløbsprogrammets implemen",
    ),
    Way(
        "B1-03",
        "secretariat",
        (
            Search(
                "Indgår de monosektorielle kliniske indsatser i programmets monitorering - og hvem skal ellers kvalitetssikre dem?"
            ),
            Link("/ansvar/sektorer-kvalitetssikrer-egne-hjerteindsatser"),
        ),
        "onitorere og kvalitetssikre de specifikke monosektorielle i",
    ),
    Way(
        "B1-12",
        "administrator",
        (
            Search(
                "Hvem skal ifølge oversigten i kapitel 8 have afslutningsnotat eller handlingsplan ved hvert af de fire kommunale træningstilbud?"
            ),
            Link("/ting/claim/afslutningsnotat-modtagere-oversigt"),
        ),
        "Afslutningsnotat og handlingsplan i oversigten",
    ),
    Way(
        "B1-20",
        "secretariat",
        (
            Search("Er kriterierne for den gratis medicinsamtale ens i kapitel 5 og kapitel 7?"),
            Link("/ting/contradiction/hjerte-medicinsamtale-kriterier"),
        ),
        "Kriterier for gratis medicinsamtale er ikke ens i kapitel 5 og kapitel",
    ),
    Way(
        "B1-22",
        "administrator",
        (
            Search(
                "Hvad skal kommunerne ifølge hjerteforløbsprogrammet og dets implementeringsplan have overtaget senest 1. januar 2020, og hvilke tilbud gælder patientuddannelsesdelen?"
            ),
            Link("/ting/event/kommuner-har-indarbejdet-patientuddannelse"),
        ),
        "Kommunerne har indarbejdet ansvaret for sygdomsspecifik patientuddanne",
    ),
    Way(
        "B1-23",
        "administrator",
        (
            Search(
                "Hvem er ansvarlig i fase II af hjerterehabiliteringen efter Region Syddanmarks forløbsprogram for mennesker med hjertesygdom?"
            ),
            Link("/ting/claim/de-tre-faser-bruges-ikke"),
        ),
        "De 3 faser i hjerterehabiliteringen er fravalgt",
    ),
    Way(
        "B1-24",
        "administrator",
        (
            Search(
                "Hvad siger forløbsprogrammet om indberetning til DHRD: for hvilke patienter er den lovpligtig, hvem indberetter, og kunne kommunerne indberette, da programmet blev skrevet?"
            ),
            Link("/ting/claim/dhrd-hvem-og-hvad"),
        ),
        "Indberetning til DHRD: lovpligtig for iskæmisk hjertesygdom",
    ),
    Way(
        "B1-29",
        "administrator",
        (
            Search(
                "Hvilke love tager kommunens tilbud til patienter med behov for særlig støtte oftest afsæt i?"
            ),
            Link("/ansvar/kommune-tilbud-ved-saerlig-stoette-lovafsaet"),
        ),
        "ilbud ved særlig støtte efter lov om aktiv beskæftigelsesin",
    ),
    Way(
        "B1-31",
        "administrator",
        (
            Search(
                "Hvor mange punkter bør den praktiserende læges henvisning til udredning omfatte, og hvad skal stå, hvis lægen vil beholde behandlingsansvaret?"
            ),
            Link("/ansvar/praktiserende-laege-angiver-oenske-om-behandlingsansvar"),
        ),
        "ngive i henvisningen, at praktiserende læge ønsker at behol",
    ),
    Way("B1-35", "secretariat", (Menu("Fund"), Choose("rule", "never-started")), "6 fund"),
    Way(
        "B1-36",
        "administrator",
        (
            Search(
                "Hvilke patientgrupper anbefales henvist til rehabiliterings- og forebyggelsestilbud, og hvilke vurderes individuelt?"
            ),
            Link("/ting/target-group/anbefalet-henvist-hjerterehabilitering"),
        ),
        "Patienter med iskæmisk hjertesygdom, hjertesvigt samt klapopererede",
    ),
    Way(
        "B1-37",
        "administrator",
        (
            Search("Hvem skal ikke gennem en afklarende samtale i kommunen?"),
            Link("/ansvar/alkoholtilbud-uden-afklarende-samtale"),
        ),
        "orgere til alkoholtilbud skal ikke gennem en afklarende sam",
    ),
    Way(
        "B2-02",
        "administrator",
        (
            Search(
                "Hvem skal have afslutningsnotatet efter genoptræning efter henholdsvis SUL §140 og SEL §86 stk. 1?"
            ),
            Link("/ting/claim/afslutningsnotat-modtagere-oversigt"),
        ),
        "Afslutningsnotat og handlingsplan i oversigten",
    ),
    Way(
        "B2-05",
        "administrator",
        (
            Search(
                "Inden hvornår skal kommunerne have overtaget den sygdomsspecifikke patientuddannelse?"
            ),
            Link("/ting/event/kommuner-har-indarbejdet-patientuddannelse"),
        ),
        "Kommunerne har indarbejdet ansvaret for sygdomsspecifik patientuddanne",
    ),
    Way(
        "B2-06",
        "secretariat",
        (
            Search(
                "Hvor bruger hjerteforløbsprogrammet og implementeringsplanen 'sygdomsspecifik' henholdsvis 'specialiseret' patientuddannelse, og siger teksten udtrykkeligt, at det er samme opgave?"
            ),
            Link("/ting/contradiction/hjerte-sygdomsspecifik-eller-specialiseret"),
        ),
        "Sygdomsspecifik eller specialiseret patientuddannelse",
    ),
    Way(
        "B2-07",
        "administrator",
        (
            Search(
                "Hvornår skal epikrisen efter en indlæggelse senest sendes, til hvem og efter hvilken MedCom-standard (kapitel 16)?"
            ),
            Link("/ansvar/sygehusafdeling-sender-epikrise"),
        ),
        "ende epikrise til patientens praktiserende læge",
    ),
    Way(
        "B2-10",
        "administrator",
        (
            Search("Hvem udskriver recepter ved udskrivelse og for hvor længe?"),
            Link("/ansvar/sygehus-udskriver-recepter-ved-udskrivelse"),
        ),
        "dskrive recepter på medicin frem til næste planlagte lægeko",
    ),
    Way(
        "B2-12",
        "administrator",
        (
            Search(
                "Hvor ofte skal der være opfølgning i diætbehandling, og hvornår skal behovet genvurderes?"
            ),
            Link("/ansvar/diaetbehandling-genvurderes"),
        ),
        "envurdere borgerens behov for fortsat diætbehandling",
    ),
    Way(
        "B2-13",
        "administrator",
        (
            Search(
                "Kræver afslutningsnotat efter rygestop ifølge kapitel 12 patientens samtykke, og skal eller anbefales det, at kommunen sender det?"
            ),
            Link("/ting/message-flow/hjerte-afslutningsnotat-rygestop"),
        ),
        "Afslutningsnotat efter rygestopforløb til patientens praktiserende læg",
    ),
    Way(
        "B2-19",
        "administrator",
        (
            Search(
                "Hvad skal en henvisning til kommunale forebyggelsestilbud indeholde ifølge listen i bilag 1?"
            ),
            Link("/ansvar/henvisningens-indhold-bilag-1"),
        ),
        "envisningen indeholder persondata, kontaktoplysninger og ev",
    ),
    Way(
        "B2-25",
        "secretariat",
        (
            Search("Er de to afsnit om Den Ældre Medicinske Patient (kapitel 15 og 16) ens?"),
            Link("/ting/contradiction/hjerte-daemp-to-afsnit"),
        ),
        "De to afsnit om Den Ældre Medicinske Patient er ikke ens",
    ),
    Way(
        "B2-26",
        "administrator",
        (
            Search("Hvem koordinerer det palliative forløb for hjertepatienter?"),
            Link("/ansvar/koordinere-det-palliative-forloeb"),
        ),
        "oordinere det palliative forløb som fælles opgave",
    ),
    Way(
        "B2-32",
        "secretariat",
        (
            Search("implementeringsplan for hjertesygdom"),
            Link("/aftaler/hjerte-implementeringsplan"),
        ),
        "10.12.2018",
    ),
    Way(
        "B2-33",
        "secretariat",
        (
            Search("implementeringsplan for hjertesygdom"),
            Link("/aftaler/hjerte-implementeringsplan"),
        ),
        "2. kvartal 2019",
    ),
    Way(
        "C-03",
        "administrator",
        (
            Search(
                "Hvad betaler kommunen i en akut respiratorsag med 24-timers overvågning, og hvor længe?"
            ),
            Link("/ting/money-rule/respirator-akut-kommune-33-200"),
        ),
        "Akutte respiratorsager: kommunen betaler 33 procent af 200 kr. i timen",
    ),
    Way(
        "C-05",
        "administrator",
        (
            Search(
                "En borger med hjælper indlægges på et almindeligt sygehus i ti dage. Hvem betaler hjælperen?"
            ),
            Link("/ting/money-rule/respirator-indlaeggelse-fra-dag-8"),
        ),
        "Indlæggelse fra 8. dag: sygehuset betaler hjælperholdet efter behov",
    ),
    Way(
        "C-06",
        "administrator",
        (
            Search(
                "Hvilke af de tre patientgrupper skal, hvilke bør overvåges, og på hvilke betingelser?"
            ),
            Link("/ansvar/respiratorbrugere-overvaages"),
        ),
        "espiratorbrugere overvåges altid",
    ),
    Way(
        "C-08",
        "secretariat",
        (
            Search(
                "Hvilke organer har godkendt samarbejdsaftalen om borgere, der overvåges i eget hjem pga. respiratorisk udstyr, og hvornår?"
            ),
            Link("/ting/event/respirator-sku-godkender"),
        ),
        "SKU godkender samarbejdsaftalen om overvågning i eget hjem pga. respir",
    ),
    Way(
        "C-13",
        "secretariat",
        (
            Menu("Kalender"),
            Fill("due_before", "2018-07-01"),
        ),
        "2018",
    ),
    Way(
        "C-14",
        "administrator",
        (
            Search(
                "Hvem har pligt til at underrette kommunen efter serviceloven, og hvad er forskellen på § 153 og § 154?"
            ),
            Link("/ting/claim/underretningspligt-153-og-154"),
        ),
        "Forskellen på servicelovens § 153 og § 154",
    ),
    Way(
        "C-19",
        "administrator",
        (
            Search("Kan kommunen få oplysninger om et barn uden forældrenes samtykke?"),
            Link("/ansvar/kommune-oplysninger-uden-samtykke-0-5"),
        ),
        "ommunen kan i vid udstrækning få oplysningerne uden samtykk",
    ),
    Way(
        "C-22",
        "secretariat",
        (
            Search("Hvilke aldersgrupper mangler et punkt om fravær i kommunens opgaver?"),
            Link("/ting/claim/boern-forskel-fravaer"),
        ),
        "Fravær: punkt for 0-5 og 5-15 år, ikke for 15-17 år",
    ),
    Way(
        "C-24",
        "secretariat",
        (
            Search(
                "Hvor mange faglige forpligtelser og hvor mange anbefalinger har børne- og ungeaftalen, og hvem er anbefalingerne rettet til?"
            ),
            Link("/ting/claim/boern-7-forpligtelser-16-anbefalinger"),
        ),
        "Syv faglige forpligtelser og 16 anbefalinger",
    ),
    Way(
        "C-29",
        "secretariat",
        (Menu("Aftaler"), Link("/aftaler/boern-og-unge")),
        "Haderslev Kommune 6 6 12",
    ),
    Way(
        "C-31",
        "secretariat",
        (
            Search(
                "Hvilke af de enkeltvis nævnte høringsparter i børne- og ungeaftalens bilag 3 (altså ikke kommuner og sygehuse som grupper) har ingen rækker i tabellerne over høringssvar?"
            ),
            Link("/ting/claim/boern-hoeringsparter-uden-svar"),
        ),
        "Høringsparter uden rækker: Psykiatrisygehuset, Red Barnet, Børns vilkå",
    ),
    Way("C-34", "secretariat", (Menu("Fund"), Choose("rule", "reference-does-not-fit")), "3.2"),
    Way(
        "C-36",
        "secretariat",
        (
            Search("Hvem skal oprette og opdatere tilbud på sundhed.dk, og hvem er redaktør?"),
            Link("/ansvar/regional-redaktoer-opdaterer-sider"),
        ),
        "en regionale redaktør udvikler, vedligeholder og opdaterer",
    ),
    Way(
        "D-05",
        "secretariat",
        (
            Search(
                "Hvornår behandlede DAK handleplanen for tværsektoriel anvendelse af video, og hvilke to ord bruger vejledningen om beslutningen?"
            ),
            Link("/ting/claim/video-handleplan-behandlet"),
        ),
        "Handleplanen for video blev behandlet i DAK",
    ),
    Way(
        "D-06",
        "secretariat",
        (
            Search(
                "Hvilke fire spor indeholder handleplanen for tværsektoriel anvendelse af video?"
            ),
            Link("/aftaler/handleplan-video"),
        ),
        "Handleplan for tværsektoriel anvendelse af video",
    ),
    Way(
        "D-09",
        "administrator",
        (
            Search(
                "Hvilke tre ting omtaler mødeleder-arket udtrykkeligt som mødelederens ansvar eller opgave?"
            ),
            Link("/ting/topic/video-moedeleders-ansvar"),
        ),
        "Tre ting, som mødeleder-arket gør til mødelederens ansvar eller opgave",
    ),
    Way(
        "D-12",
        "administrator",
        (
            Search("Hvad skal mødelederen gøre efter mødet?"),
            Link("/ting/topic/video-moedeleder-efter-moedet"),
        ),
        "Mødelederens opgaver efter mødet",
    ),
    Way(
        "D-14",
        "administrator",
        (
            Search("Hvad gør mødelederen ved fejlsituationer i et videomøde?"),
            Link("/ansvar/video-moedeleder-afbryder-ved-alvorlige-fejl"),
        ),
        "fbryde videomødet ved alvorlige fejl, der ikke kan rettes u",
    ),
    Way(
        "D-16",
        "administrator",
        (
            Search("Hvad bør der udarbejdes lokalt i organisationen, før der holdes videomøder?"),
            Link("/ansvar/video-lokal-vejledning-til-videomoede"),
        ),
        "darbejde lokalt en vejledning til, hvordan et videomøde afh",
    ),
    Way(
        "D-18",
        "secretariat",
        (
            Search("Hvilke tre kompetencespor arbejder Psykiatrien med?"),
            Link("/ansvar/psykiatrien-tre-kompetencespor"),
        ),
        "rbejde med tre spor vedrørende kompetenceudvikling i brug a",
    ),
    Way(
        "D-19",
        "administrator",
        (
            Search("Hvilke fire forudsætninger for digitale færdigheder peger Varde Kommune på?"),
            Link("/ting/topic/video-forudsaetninger-varde"),
        ),
        "Varde Kommunes forudsætninger for digitale færdigheder",
    ),
    Way(
        "D-22",
        "administrator",
        (
            Search("Er almen praksis omfattet af den fælles supportfunktions definition?"),
            Link("/ting/contradiction/video-supportfunktion-uden-praksis"),
        ),
        "Den fælles supportfunktion er tværsektoriel, men definitionen udelader",
    ),
    Way(
        "D-27",
        "administrator",
        (
            Search(
                "Hvilken kommune har den største stigning og hvilken det største fald i forventet KMF-afregning?"
            ),
            Link("/ting/claim/kmf-stoerste-stigning"),
        ),
        "Vallensbæk har den største stigning: 13 %",
    ),
    Way(
        "D-33",
        "administrator",
        (
            Search(
                "Hvilket af landets sundhedsområder har fået større andel af forbruget, og hvilke har mistet?"
            ),
            Link("/ting/claim/kmf-somatik-op-andre-ned"),
        ),
        "Somatik har fået større andel af forbruget; psykiatri, speciallæge, al",
    ),
    Way(
        "D-34",
        "secretariat",
        (Menu("Kalender"), Choose("year", "2020")),
        "Digital service i verdensklasse",
    ),
    Way(
        "D-39",
        "secretariat",
        (
            Search(
                "Hvem er parter i den regionale samarbejdsaftale for psykiatri, hvornår er den indgået, og hvem godkendte den?"
            ),
            Link("/aftaler/psykiatri-2009"),
        ),
        "Den regionale samarbejdsaftale for det psykiatriske område (2009)",
    ),
    Way(
        "E-03",
        "administrator",
        (
            Search(
                "Hvilke læger kan henvise til et af regionens tilbud til traumatiserede flygtninge?"
            ),
            Link("/ting/topic/ptsd-henvisende-laeger"),
        ),
        "Læger, der kan henvise til regionens tilbud til traumatiserede flygtni",
    ),
    Way(
        "E-11",
        "administrator",
        (
            Search(
                "Hvilke parter koordinerer ifølge kronikermodellen, når sygdommen er kompleks og egenomsorgsevnen er ringe?"
            ),
            Link("/ting/target-group/kroniker-kompleks-ringe"),
        ),
        "Kronikermodellen: kompleks sygdom og ringe egenomsorgsevne",
    ),
    Way(
        "E-12",
        "secretariat",
        (
            Search(
                "Hvilken aldersgrænse angiver PTSD-aftalen for voksenpsykiatrien, og hvordan afgrænser misbrugsaftalen fra 2014 børne- og ungemålgruppen?"
            ),
            Link("/ting/contradiction/alder-ptsd-og-2014"),
        ),
        "Aldersgrænser: PTSD-aftalen over 20 år, 2014-aftalen til og med 17 år",
    ),
    Way(
        "E-13",
        "secretariat",
        (
            Search(
                "Hvornår og af hvem blev den fælles samarbejdsaftale om psykisk lidelse og misbrug godkendt, og hvad siger tracerrapporten?"
            ),
            Link("/ting/event/sku-28-oktober-2014-misbrugsaftale"),
        ),
        "Sundhedskoordinationsudvalget godkender samarbejdsaftalen om psykisk l",
    ),
    Way(
        "E-14",
        "administrator",
        (Search("PSOF Lillebælt"), Link("/aktoerer/psof-lillebaelt")),
        "Assens Kommune",
    ),
    Way(
        "E-16",
        "secretariat",
        (
            Search(
                "Hvilke tidsfrister står i 2014-aftalen for misbrugsbehandling, psykiatrisk udredning og indsatsplan?"
            ),
            Link("/ting/topic/misbrug-tidsfrister"),
        ),
        "Tidsfrister i misbrugsaftalen 2014",
    ),
    Way(
        "E-19",
        "secretariat",
        (
            Search(
                "Hvor strider praksis i tracerrapporten mod aftalens tekst om afvisning på grund af misbrug?"
            ),
            Link("/ting/contradiction/afvisning-og-optimalt-forloeb"),
        ),
        "Forbud mod afvisning over for forudsætning om en periode uden aktivt m",
    ),
    Way(
        "E-23",
        "administrator",
        (
            Search(
                "Hvilke aktører har afrusning/afgiftning som opgave ifølge Bilag A i misbrugsaftalen fra 2014, og hvad siger brødteksten?"
            ),
            Link("/ting/contradiction/afrusning-bilag-a-og-broedtekst"),
        ),
        "Afrusning: tre aktører i Bilag A, somatikken i brødteksten",
    ),
    Way(
        "E-29",
        "administrator",
        (
            Search(
                "Må henvisningsskemaet til tilbud for traumatiserede flygtninge sendes elektronisk, og efter hvilken lov?"
            ),
            Link("/ansvar/ptsd-skema-ikke-elektronisk"),
        ),
        "kemaet må ikke sendes elektronisk ifølge Persondataloven",
    ),
    Way(
        "E-30",
        "secretariat",
        (
            Search(
                "Hvornår nedlægges den tværsektorielle følgegruppe for misbrugsaftalen fra 2014, og hvem anbefales som medlemmer?"
            ),
            Link("/ting/event/misbrug-foelgegruppe-nedlaegges"),
        ),
        "Følgegruppen nedlægges ved udgangen af 2018",
    ),
    Way(
        "E-31",
        "secretariat",
        (
            Search(
                "Hvad koster ét ph.d.-forløb ifølge oplægget om genoptræning, og stemmer posterne med summen?"
            ),
            Link("/ting/topic/gop-phd-oekonomi"),
        ),
        "Økonomi for et ph.d.-forløb om genoptræning",
    ),
    Way(
        "E-33",
        "secretariat",
        (
            Search(
                "Hvordan er status på delmilepælene i Landsdelsprogram Syddanmark, og går tallene op?"
            ),
            Link("/ting/event/lp-milepaelsstatus"),
        ),
        "Status på delmilepæle i Landsdelsprogram Syddanmark",
    ),
    Way(
        "E-34",
        "secretariat",
        (
            Search(
                "Er Landsdelsprogram Syddanmark på plan, hvis man sammenholder selvvurderingen med milepælsstatus?"
            ),
            Link("/ting/contradiction/lp-paa-planen-eller-forsinket"),
        ),
        "Tidsmæssigt på planen, men 6 delmilepæle er forsinkede",
    ),
    Way(
        "E-36",
        "secretariat",
        (
            Search(
                "Hvilke projektspor i Landsdelsprogram Syddanmark er velfungerende, i bero eller ikke nedsat?"
            ),
            Link("/ting/claim/lp-spor-status"),
        ),
        "Sundhedsfaglige spor velfungerende, økonomisporet i bero, forandring o",
    ),
    Way(
        "F-03",
        "secretariat",
        (
            Search(
                "Hvilke kommuner bruger det færdigudviklede koncept for virtuel sparring, og hvornår startede det?"
            ),
            Link("/ting/claim/hjertesag-bruges-i-tre-kommuner"),
        ),
        "Konceptet bruges i Odense, Assens og Nordfyns kommune",
    ),
    Way(
        "F-04",
        "secretariat",
        (
            Search("Er kilden entydig om, hvem der igangsatte rehabiliteringstiltaget på Fyn?"),
            Link("/ting/contradiction/hjertesag-hvem-igangsatte"),
        ),
        "Hvem igangsatte rehabiliteringstiltaget på Fyn?",
    ),
    Way(
        "F-09",
        "administrator",
        (
            Search("Hvem initierede teamsamarbejdet i Nordjylland?"),
            Link("/ting/claim/nordjylland-initieret-af-region-og-kommune"),
        ),
        "Teamsamarbejdet var initieret af regionen og kommunen",
    ),
    Way(
        "F-16",
        "secretariat",
        (
            Search(
                "Hvornår skal næste generation sundhedsaftaler senest være indgået ifølge rehabiliteringsrapporten (003), og hvilken bekendtgørelse henvises der til?"
            ),
            Link("/ting/event/naeste-sundhedsaftaler-januar-2011"),
        ),
        "Næste generation sundhedsaftaler skal være indgået",
    ),
    Way(
        "F-24",
        "secretariat",
        (
            Search(
                "Hvilke eksempler i rehabiliteringsrapporten (003) har Region Syddanmark som aktør?"
            ),
            Link("/ting/topic/eksempler-rehabiliteringsrapport"),
        ),
        "Navngivne eksempler i rehabiliteringsrapporten",
    ),
    Way(
        "F-28",
        "secretariat",
        (Search("sygehuse og kommuner i interviewundersøgelsen"),),
        "Sygehuse i interviewundersøgelsen",
    ),
    Way(
        "F-36",
        "administrator",
        (
            Search(
                "Hvad skal der til, for at en kommune kan kontakte en hjertepatient fra sygehus?"
            ),
            Link("/ting/topic/sd-kommunens-kontakt-til-patienten"),
        ),
        "Hvad der skal til, for at en kommune kan kontakte en hjertepatient",
    ),
    Way("F-39", "secretariat", (Menu("Kilder"),), "ikke angivet"),
)
