import { type ModerationCategory, moderationCategories } from '../../shared/moderation-terms.ts';

/*
 * The built-in rules: regular expressions by category, for English and some German, French and Spanish. They look for
 * phrases that do something (threaten, demean, ask how to), not for words: medicine, news, history and fiction are full of
 * those. They are coarse all the same; whoever needs more registers a moderation server.
 *
 * They are matched against a text as `asWords` gives it. Every repetition is bounded and cannot split one text in two ways, so
 * that the time is linear in the text's length.
 */

/** Up to so many words of the same sentence. */
const upTo = (words: number): string => `(?:[^ .]{1,30} ){0,${words}}`;
const oneOf = (...alternatives: string[]): string => `(?:${alternatives.join('|')})`;

/** Asks how to do a thing, or sets about it. */
const ask = oneOf(
  'how (?:to|do i|do you|do we|does one|can i|can you|can we|can one|could i|could one|would i|would one|would you|should i)',
  '(?:teach|show|tell) me (?:how )?to',
  '(?:explain|describe|write|know|learn) how to',
  'help me(?: to)?',
  '(?:instructions|steps|guide|tutorial|way|ways) (?:to|for|on)',
  '(?:recipe|recipes) for',
  'i (?:want|need|would like|plan|am going|m going|d like) to',
);
const adverbs = '(?:(?:best|easily|quickly|secretly|successfully|safely|just|actually|really|painlessly) ){0,2}';

// ---- illicit ----

const make = oneOf(
  'ma(?:ke|king)(?! sure)',
  'buil(?:d|ding)',
  'cook(?:ing)?',
  'synthesi[sz](?:e|ing)',
  'produc(?:e|ing)',
  'construct(?:ing)?',
  'assembl(?:e|ing)',
  'manufactur(?:e|ing)',
);
const kindsOfThing =
  '(?:(?:a|an|some|my|our|your|own|the|homemade|home|made|simple|small|big|large|powerful|real|working|cheap|pure|good|improvised|illegal|pressure|cooker|fertili[sz]er|car|nail|pipe|crystal|crack|at|in|kitchen|batch|of) ){0,6}';
const harmlessBombs =
  '(?<! (?:bath|bathroom|shower|fizz|fizzy|glitter|seed|cocoa|chocolate|water|photo|cherry|cheese|paint|logic|zip|fork|f|flour|stink|yarn|smoke|love) )';
const weapons = oneOf(
  `${harmlessBombs}bombs?(?! (?:squad|disposal|shelter|detector|calorimeter|cyclone|threat))`,
  'explosives?',
  'molotov(?: cocktails?)?',
  'ieds?',
  'napalm',
  'nerve (?:agents?|gas)',
  'sarin',
  'ricin',
  'mustard gas',
  'anthrax',
  'tatp',
  'petn',
  '(?:ghost|untraceable) guns?',
);
const drugs = oneOf(
  'meth',
  'methamphetamines?',
  'amphetamines?',
  'cocaine',
  'heroin',
  'fentanyl',
  'mdma',
  'ecstasy',
  'lsd',
  'ghb',
);
const wares = oneOf(
  drugs,
  'stolen (?:credit cards?|card numbers|passports?|accounts)',
  '(?:fake|counterfeit|forged) (?:passports?|ids?|driver s licen[cs]es?|licen[cs]es?|money|bills|prescriptions?)',
  '(?:ghost|untraceable|unregistered) (?:guns?|weapons?)',
);

const illicit = [
  `${ask} ${adverbs}${make} ${kindsOfThing}${oneOf(weapons, drugs)}`,
  `${ask} ${adverbs}(?:hack|hack into|break into) ${oneOf(
    'someone',
    'somebody',
    'another person',
    'other people',
    'my (?:ex|girlfriend|boyfriend|wife|husband|neighbou?r|friend|boss|teacher|school)',
    'his',
    'her',
    'their',
    'a (?:bank|school|government|facebook|instagram|gmail|whatsapp|snapchat|wifi|house|home|car)',
  )}`,
  `${ask} ${adverbs}${oneOf(
    'launder (?:the )?money',
    '(?:make|print) (?:fake|counterfeit) (?:money|bills|ids?|passports?|documents)',
    'counterfeit (?:money|bills)',
    'forge (?:a |an |my |some )?(?:passports?|signatures?|prescriptions?|ids?|documents)',
    'hot ?wire (?:a|someone s|somebody s) car',
    'shoplift',
    'steal (?:from|cars?|bikes?|credit|someone|somebody|identities|a (?:car|bike|credit|phone))',
    'commit (?:tax|insurance|credit card|identity|wire) (?:fraud|theft|evasion)',
    'evade taxes',
    'smuggle (?:drugs|people|weapons|guns|cocaine|heroin)',
    'scam (?:people|someone|somebody|old|elderly)',
    'blackmail (?:someone|somebody|people|my)',
  )}`,
  `where (?:can|could|do|to|should) (?:i |we |you )?(?:buy|get|find|order|score) (?:some |a |an |cheap )?${wares}`,
  `(?:i|we) (?:want to|d like to|would like to|need to|m looking to|am looking to|can) (?:buy|sell|order|score) (?:you |some |a |an |cheap )?${wares}`,
  `mix (?:the )?(?:ammonium nitrate|potassium chlorate|acetone|red phosphorus) ${upTo(4)}(?:fuel oil|diesel|peroxide|iodine)`,
  '(?:extract|reduce) (?:the )?pseudoephedrine',
  // German
  `wie (?:baue|baut|mache|macht|koche|kocht|bastle|bastelt) (?:ich|man) (?:(?:mir|selbst|selber|zu|hause|eine|einen|ein) ){0,4}(?:(?:rohr)?bomben?|sprengstoff|sprengsatz|molotow ?cocktails?|crystal meth|meth|nervengas)`,
  `wie (?:kann|könnte) (?:ich|man) (?:(?:mir|selbst|selber|zu|hause|eine|einen|ein) ){0,4}(?:(?:rohr)?bomben?|sprengstoff|sprengsatz|molotow ?cocktails?|crystal meth|meth|kokain|heroin|lsd|nervengas|falschgeld) ${upTo(2)}(?:bauen|herstellen|machen|basteln|kochen|drucken)`,
  `(?:anleitung|rezept) (?:zum|zur|für|für den|für die) (?:bombenbau|bau (?:einer|von) bomben?|herstellung von (?:bomben|sprengstoff|meth|crystal|drogen|kokain))`,
  `wo (?:kann|bekomme|kriege|bekommt|kriegt) (?:ich|man) ${upTo(2)}(?:kokain|heroin|crystal meth|falschgeld|gefälschte (?:pässe|ausweise))`,
  // French
  `comment (?:puis je |peut on |on peut |je peux |pourrais je )?(?:faire|fabriquer|construire|synthétiser|produire|préparer) (?:(?:une|un|de|des|du|la|l|petite|ma|propre) ){0,4}(?:bombes?(?! (?:de|à|au|en) )|explosifs?|cocktails? molotov|méthamphétamine|meth|cocaïne|héroïne|lsd|faux billets|fausse monnaie)`,
  `comment (?:puis je |peut on |on peut |je peux )?(?:pirater|hacker) (?:le |un |son |sa |la )?(?:compte|téléphone|wifi|facebook|instagram|webcam)`,
  `où (?:puis je |peut on |on peut |je peux )?(?:acheter|trouver) (?:de la |de l |du |des )(?:cocaïne|héroïne|meth|mdma|faux (?:papiers|billets))`,
  // Spanish
  `c[oó]mo (?:puedo |se puede |podría |se )?(?:hacer|hago|hace|fabricar|fabrico|fabrica|construir|sintetizar|producir|preparar) (?:(?:una|un|unas|la|el|mi|propia) ){0,3}(?:bombas? (?:casera|explosiva|molotov)s?|explosivos?|cóctel(?:es)? molotov|metanfetamina|cocaína|heroína|lsd|dinero falso|billetes falsos)`,
  `c[oó]mo (?:puedo |se puede |podría )?hackear (?:una |la |el |un )?(?:cuenta|wifi|facebook|instagram|whatsapp|teléfono|celular)`,
  `d[oó]nde (?:puedo |se puede )?(?:comprar|conseguir) (?:cocaína|heroína|metanfetamina|mdma|documentos falsos|billetes falsos)`,
];

// ---- self-harm ----

const oneself = '(?:my ?self|your ?self|oneself)';
const harmMyself = oneOf(
  'kill myself',
  'end (?:my life|it all)',
  'take my (?:own )?life',
  '(?:hurt|cut|hang|starve|drown|shoot) myself',
  'commit suicide',
  'die(?! (?:of|from|laughing|for|when|on that hill|in peace))',
);
const selfHarm = [
  `i (?:really |just |only |still |do )?(?:want to|wanna|need to|would like to|d like to|m going to|am going to|m gonna|will|ll|plan to|m planning to|am planning to|am about to|m about to|have decided to|wish i could) (?:just )?${harmMyself}`,
  `i wish i (?:was|were) dead`,
  `${ask} ${adverbs}(?:kill|hurt|cut|hang|starve|drown|poison) ${oneself}`,
  `${ask} ${adverbs}(?:commit suicide|make myself (?:throw up|vomit)|hide (?:my )?(?:cuts|self harm|selfharm))`,
  `(?:painless|painlessly|easiest|quickest|fastest|best|surest) (?:way|ways|method|methods) (?:to die|to kill ${oneself}|to commit suicide|of suicide|to cut ${oneself})`,
  `how (?:many|much) ${upTo(4)}(?:to|until i) (?:die|overdose|kill ${oneself})`,
  `you (?:should|must|need to|ought to|have to) (?:just )?(?:kill|cut|hang|starve) yourself`,
  // German
  `ich (?:will|möchte|werde) (?:nur |einfach |nur noch |endlich )?(?:sterben|nicht mehr leben|mich (?:selbst )?(?:umbringen|töten|ritzen|erhängen)|mir das leben nehmen)`,
  `ich (?:bringe|bring) mich (?:jetzt |heute |bald )?um`,
  `wie (?:kann|könnte|soll) ich (?:mich|mir) ${upTo(3)}(?:umbringen|töten|erhängen|ritzen|das leben nehmen)`,
  // French
  `je (?:veux|vais|voudrais) (?:juste |vraiment )?(?:mourir(?! de)|me (?:suicider|tuer|pendre|scarifier)|en finir avec la vie)`,
  `comment (?:me|se) (?:suicider|tuer|pendre|scarifier)`,
  // Spanish
  `(?:quiero|voy a|quisiera) (?:morir(?:me)?(?! de)|matarme|suicidarme|cortarme las venas|quitarme la vida)`,
  `c[oó]mo (?:puedo )?(?:suicidarme|matarme|suicidarse|quitarme la vida)`,
];

// ---- violence ----

const person = oneOf(
  'you',
  'him',
  'her',
  'them',
  'someone',
  'somebody',
  'people(?! with)',
  'everyone',
  'everybody',
  'a (?:person|man|woman|cop|policeman|politician|child(?! process)|human)',
  '(?:my|your|his|her|our) (?:whole |entire |ex )?(?:wife|husband|girlfriend|boyfriend|family|parents|mother|father|boss|teacher|neighbou?r|classmates|coworkers|ex)',
);
const strike = oneOf(
  'kill',
  'murder',
  'stab',
  'shoot(?! (?:you|him|her|them) an?)',
  'strangle',
  'behead',
  'torture',
  'poison',
  'burn',
  'butcher',
);
const strikeDown = oneOf(
  strike,
  'kidnap',
  'rape',
  'beat (?:you|him|her|them) to death',
  'hurt',
  'cut (?:you|him|her|them) up',
);
const violence = [
  `(?:i|we) (?:really |just )?(?:will|ll|m going to|am going to|are going to|re going to|m gonna|am gonna|want to|wanna|plan to|swear i ll) (?:fucking |come and |find and )?${strikeDown} ${person}`,
  `i (?:will|ll|am going to|m going to) (?:find you|hunt you down|come for you) and`,
  `${ask} ${adverbs}${strike} ${person}`,
  `(?:you|we|someone|somebody|they all) (?:should|must|need to|have to|deserve to) (?:all )?(?:(?:be )?(?:shot|stabbed|murdered|beheaded|lynched|burned alive|burnt alive)|(?:kill|murder|shoot|stab|behead) (?:them|him|her|all of them))`,
  `(?:i|we|let s|lets) (?:(?:should|want to|will|ll|m going to|am going to|m gonna|am gonna|plan to) )?(?:shoot up|blow up|bomb|burn down) (?:my|your|the|a|that|this) (?:school|church|mosque|synagogue|temple|office|workplace|hospital|parliament|mall)`,
  `(?:ripped|tore|tears|rips|pulled|cut) (?:out )?(?:his|her|their|its) (?:guts|entrails|intestines|eyes|eyeballs|heart|tongue) (?:out|and|from|with)`,
  `blood (?:sprayed|spurted|gushed|spraying|spurting|gushing) ${upTo(4)}(?:throat|neck|skull|stump|face|wound|artery)`,
  // German
  `ich (?:werde|will|möchte) (?:dich|ihn|sie|euch|alle|jemanden|meine (?:frau|familie)|meinen (?:mann|chef|lehrer)) ${upTo(2)}(?:umbringen|töten|erstechen|erschießen|abstechen|verprügeln|aufschlitzen)`,
  `ich (?:bringe|bring|steche|stech) (?:dich|ihn|euch|sie alle) (?:um|ab)`,
  `wie (?:kann|könnte) (?:ich|man) (?:jemanden|einen menschen|meine (?:frau|familie)|meinen (?:mann|chef)|ihn|sie) ${upTo(2)}(?:umbringen|töten|vergiften|ermorden)`,
  // French
  `je (?:vais|veux|voudrais) (?:te|le|la|les|vous|tous les) (?:tuer|buter|égorger|poignarder|massacrer|étrangler)`,
  `comment (?:puis je |peut on )?(?:tuer|empoisonner|assassiner|étrangler) (?:quelqu un|une personne|ma femme|mon mari|mon patron|des gens)`,
  // Spanish
  `(?:te|lo|la|los|las|os) (?:voy|vamos) a (?:matar|apuñalar|degollar|estrangular|reventar)`,
  `(?:voy|quiero) a? ?(?:matar|apuñalar|degollar|envenenar)(?:te|lo|la|los| a (?:alguien|mi|todos|ese|esa))`,
  `c[oó]mo (?:puedo |se puede )?(?:matar|envenenar|asesinar) a (?:alguien|una persona|mi (?:esposa|mujer|marido|esposo|jefe)|la gente)`,
];

// ---- harassment ----

const insults = oneOf(
  'idiots?',
  'morons?',
  'imbeciles?',
  'cretins?',
  'losers?',
  'bitch(?:es)?',
  'bastards?',
  'ass ?holes?',
  'cunts?',
  'whores?',
  'sluts?',
  'dumbass',
  'piece of (?:shit|garbage|trash|filth)',
  'waste of (?:space|air|oxygen)',
);
const demeaning =
  '(?:worthless|pathetic|disgusting|stupid|dumb|ugly|fat|useless|filthy|fucking|complete|total|absolute|miserable|little|old)';
const harassment = [
  `(?:you|u|ur|you are|you re|youre) (?:just |nothing but |such |all )?(?:an? )?(?:${demeaning} ){0,3}${insults}`,
  `you (?:are|re) (?:so |all |just |completely |utterly )?(?:worthless|pathetic|disgusting)`,
  `(?:fuck|screw) you(?! (?:over|up))|go fuck yourself|shut the fuck up`,
  `(?:nobody|no one|noone) (?:likes|loves|wants|will ever love|would ever love) you|everyone hates you`,
  `the world would be (?:a )?better (?:off |place )?without you`,
  `(?<! (?:to|not|t|never|you|might|could|would|will|may|or) )(?:kill|hang) (?:yourself|urself)|kys|you should (?:just )?(?:die|kill yourself)`,
  // German
  `du (?:bist )?(?:nur |echt |so |nichts als )?(?:ein |eine |n |ne )?(?:(?:dumme|blöde|verdammte|dreckige|elende|hässliche|fette|kleine)[rs]? ){0,2}(?:idiot|arschloch|hurensohn|missgeburt|schlampe|hure|wichser|miststück|drecksau|drecksack|versager)`,
  `halt (?:die|deine) (?:fresse|schnauze)|fick dich|verpiss dich|bring dich (?:doch )?um|niemand (?:mag|liebt) dich|keiner (?:mag|liebt) dich`,
  // French
  `(?:tu es|t es|tu n es|espèce de|espèce d) (?:qu )?(?:une? )?(?:(?:sale|gros|grosse|pauvre|vrai|vraie|petit|petite) ){0,2}(?:con|conne|connard|connasse|salope|pute|enculé|abruti|abrutie|idiot|idiote|imbécile|ordure|merde)`,
  `(?:sale|gros|grosse) (?:connard|connasse|salope|pute|enculé|merde)|ta gueule|va te faire (?:foutre|enculer)|nique ta mère|personne ne t aime|va (?:crever|te pendre)|suicide toi`,
  // Spanish
  `(?:eres|sos) (?:solo |tan )?(?:une? |una )?(?:(?:maldit[oa]|put[oa]|pedazo de|jodid[oa]|pobre) ){0,2}(?:idiota|imb[eé]cil|est[uú]pid[oa]|gilipollas|cabr[oó]n|pendej[oa]|zorra|puta|mierda|basura|hij[oa] de puta)`,
  `vete a la mierda|que te (?:jodan|follen)|chinga tu madre|mátate|nadie te (?:quiere|ama|soporta)`,
];

// ---- hate ----

const groups = oneOf(
  'jews?',
  'jewish people',
  'muslims?',
  'christians?',
  'hindus?',
  'sikhs?',
  'arabs?',
  'blacks',
  'black people',
  'white people',
  'africans?',
  'asians?',
  'mexicans?',
  'latinos?',
  'indians?',
  'gays?(?: people)?',
  'lesbians?',
  'homosexuals?',
  'trans(?:gender)? people',
  'immigrants?',
  'migrants?',
  'refugees?',
  'foreigners?',
  'gypsies',
  'women',
  'disabled people',
  'the disabled',
);
/** History and news tell what others said. */
const told =
  '(?<! (?:idea|claim|claims|claimed|claiming|belief|believed|myth|notion|view|propaganda|stereotype|argued|false|said|says)(?: that)?(?: the| all)? )';
const destroy = '(?:kill|exterminate|gas|lynch|burn|shoot|hang|wipe out|eradicate|slaughter)';
const those =
  '(?:all |every |every single |all of |all these |all the |those |these |the )(?:fucking |filthy |dirty |damn )?';
const slurs = oneOf(
  'n[i1]gg(?:er|a)s?',
  'fagg?[o0]ts?(?! of)',
  'k[i1]kes?',
  'sp[i1]cs?',
  'chinks?(?! in)',
  'trann(?:y|ies)',
  '(?:rag|towel) ?heads?',
);
const groupsGerman =
  '(?:juden|muslime|moslems|türken|araber|schwarzen?|afrikaner|ausländer|flüchtlinge|migranten|zigeuner|schwulen?|lesben|homosexuellen?|behinderten?|frauen)';
const groupsFrench =
  '(?:juifs|musulmans|arabes|noirs|africains|immigrés|migrants|réfugiés|étrangers|roms|gitans|homosexuels|gays|lesbiennes|femmes|handicapés)';
const groupsSpanish =
  '(?:judíos|musulmanes|moros|árabes|negros|africanos|inmigrantes|migrantes|refugiados|extranjeros|gitanos|homosexuales|gays|lesbianas|mujeres|discapacitados)';
const hate = [
  `${told}${groups} (?:are|r) (?:(?:all|just|nothing|but|basically|really|simply|like|a|an|the|bunch|pack|race|horde|bloody|fucking|filthy|dirty|disgusting) ){0,5}(?:vermin|sub ?humans?|parasites?|cockroaches|rats|animals|savages|scum|filth|inferior|trash|garbage|apes|monkeys|disease|cancer|plague|degenerates?|not (?:really )?human|less than human)(?! (?:in number|to none))`,
  `(?<! (?:to|would|will|did|who|and|they|nazis|he|helped|that|the|could|of) )${destroy} ${those}${groups}`,
  `(?:we|i|you|somebody|someone|let s|lets) (?:all )?(?:(?:should|must|need to|ought to|have to|want to|will|gotta|ll) )?(?:just |all )?${destroy} ${those}${groups}`,
  `${told}${groups} (?:should|must|deserve to|need to|ought to) (?:all )?(?:be (?:killed|exterminated|gassed|shot|hanged|burned|burnt|lynched|wiped out|eradicated|slaughtered|sterili[sz]ed)|die|burn|hang)`,
  `death to (?:all )?(?:the )?${groups}`,
  `i (?:really |fucking |just |absolutely |so )?(?:hate|despise|loathe) (?:all )?(?:the |those |these )?(?:fucking |filthy |dirty )?${groups}`,
  `(?:you|fucking|filthy|dirty|stupid|damn|lousy|those|these|all) (?:[^ .]{1,30} )?${slurs}`,
  // German
  `${groupsGerman} sind (?:alle |nur |nichts als |doch |doch alle )?(?:ungeziefer|untermenschen|parasiten|ratten|abschaum|dreck|tiere|minderwertig|schmarotzer|eine plage|affen)`,
  `${groupsGerman} (?:gehören|müssen) (?:alle )?(?:vergast|erschossen|getötet|ausgerottet|gehängt|verbrannt|vernichtet)`,
  `(?:vergast|tötet|erschießt|hängt|verbrennt) (?:alle|die|alle die) ${groupsGerman}|ausländer raus|tod (?:allen|den) ${groupsGerman}`,
  // French
  `les ${groupsFrench} (?:sont|c est) (?:tous |toutes |que |juste )?(?:de la |de |des |du |une? )?(?:vermine|parasites?|sous hommes|rats|animaux|singes|ordures?|déchets?|cafards|race inférieure|inférieure?s(?! en))`,
  `mort aux ${groupsFrench}|il faut (?:tous |toutes )?(?:tuer|exterminer|gazer|brûler|pendre) (?:tous |toutes )?les ${groupsFrench}`,
  // Spanish
  `l[oa]s ${groupsSpanish} son (?:tod[oa]s |sol[oa] |un[oa]s |pur[oa]s )?(?:una? )?(?:escoria|parásitos|ratas|animales|basura|plaga|cucarachas|monos|infrahumanos|subhumanos|inferiores(?! en))`,
  `muerte a (?:todos |todas )?l[oa]s ${groupsSpanish}|(?:hay que|debemos|deberíamos) (?:matar|exterminar|gasear|quemar|colgar) a (?:todos |todas )?l[oa]s ${groupsSpanish}`,
];

// ---- sexual ----

const explicit = oneOf(
  '(?:my|his|your|hard|throbbing|erect|thick) (?:cock|dick)',
  '(?:my|her|your|wet|tight|dripping) (?:pussy(?! (?:cat|willow|riot))|cunt)',
  'fuck(?:ed|ing|s)? (?:me|her|him) (?:hard|harder|deep|deeper|from behind|in the (?:ass|mouth))',
  '(?:blow|hand) ?jobs?',
  'deep ?throat(?:ed|ing|s)?',
  'cum ?shots?',
  'gang ?bang(?:ed|s)?',
  'cumming',
);
const sexual = [
  `(?:suck|sucks|sucked|sucking|lick|licks|licked|licking|ride|rides|rode|riding|stroke|strokes|stroked|stroking) (?:on )?(?:my|his|her|your) (?:hard |throbbing |wet |tight |thick )?(?:cock|dick|pussy(?! cat)|clit|cunt|balls)`,
  `(?:hard|throbbing|erect) (?:cock|dick)|(?:wet|tight|dripping) (?:pussy|cunt)`,
  `fuck(?:ed|ing|s)? (?:me|her|him) (?:hard|harder|deep|deeper|from behind|in the (?:ass|mouth))`,
  `(?:give|gave|giving|want|wants|need) (?:me |him |you |her )?(?:a |another )?(?:blow ?job|hand ?job|rim ?job)`,
  `(?:cum|came|cums|cumming) (?:inside|all over|on) (?:me|her|him|my|your) ?(?:face|tits|mouth|pussy|ass)?`,
  `(?:write|create|generate|tell|send|show|give|draw|roleplay|role play|continue) ${upTo(5)}(?:porn|porno|pornography|smut|erotica|erotic (?:story|stories|scene|roleplay|fiction)|sexually explicit|explicit sex|sex scene|nudes|sexting)`,
  `(?:talk dirty to me|have (?:cyber ?|phone )sex|i m so horny|i am so horny|are you horny|so horny right now)`,
  // German
  `(?:schreib|schreibe|erzähl|erzähle|zeig|zeige|schick) (?:mir |uns )?(?:[^ .]{1,30} ){0,2}(?:pornos?|pornogra(?:ph|f)ische|erotische (?:geschichte|szene)|sexgeschichte|nacktbilder)`,
  `(?:fick|ficke|fickt) (?:mich|sie|ihn) (?:hart|härter|tief)|(?:lutsch|blas|leck) (?:mir |meinen |meine |seinen |ihre )(?:einen|schwanz|fotze|muschi)`,
  // French
  `(?:écris|raconte|montre|envoie|décris) (?:moi |nous )?(?:[^ .]{1,30} ){0,3}(?:porno|pornographique|érotique|photos? (?:nue|nues|de nu))`,
  `baise (?:moi|la) (?:fort|plus fort|profond)|suce (?:moi|ma bite|la bite)|(?:ma|sa|ta) (?:grosse )?bite (?:dure|dans)`,
  // Spanish
  `(?:escribe|escríbeme|cuéntame|muéstrame|envíame|mándame) (?:[^ .]{1,30} ){0,3}(?:porno|pornográfic[oa]|erótic[oa]|fotos desnud[oa]|desnudos)`,
  `(?:chúpame|chupa|mámame) (?:la |mi |el )?(?:polla|verga|pija|coño)|fóllame|(?:mi|su|tu) (?:polla|verga) (?:dura|en)`,
];

const minor = oneOf(
  '(?:[1-9]|1[0-7]) (?:year|yr) old',
  '(?:six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen) year old',
  'under ?age(?:d)? (?:girl|boy|child|teen|kid)s?',
  'pre ?teens?',
  'little (?:girl|boy)s?',
  'school ?girls?',
  'minors?',
  'child(?:ren)?',
  'kids?',
  'toddlers?',
);
const wanting =
  '(?:write|create|generate|draw|describe|show|send|give|find|share|trade|sell|buy|download|watch|roleplay|want|wants|like|love|enjoy|looking for|where can i (?:get|find|see)|fantasi[sz]e about|story about|scene with|get off to)';
const sexualMinors = [
  `${wanting} ${upTo(5)}(?:(?:child|kiddie|kid|underage|pre ?teen|minor|toddler) (?:porn|pornography|erotica|nudes?|smut|sex (?:pics|pictures|videos?|story|stories|scene))|jail ?bait|lolicon|shotacon|loli (?:porn|hentai))`,
  `${wanting} ${upTo(5)}(?:naked|nude|sexy|horny|erotic|sexual|slutty) (?:pictures? of |photos? of |pics of |images? of |videos? of |stor(?:y|ies) (?:about|with) )?(?:a |an |some |young |my )?(?:young )?${minor}`,
  `(?:naked|nude|sexual|sexy|explicit|porn|erotic) (?:pictures|photos|pics|images|videos?|stor(?:y|ies)|scenes?) (?:of|with|about|involving) (?:a |an |some |young )?${minor}`,
  `(?:want to|wanna|would love to|d love to|fantasi[sz]e about|going to|gonna|how to|let s|love to) (?:have|having) sex with (?:a |an |my |the |some )?(?:young )?${minor}`,
  `(?:sexy|horny|slutty) (?:little |young )?(?:${minor})`,
  `${minor} ${upTo(8)}${explicit}`,
  `${explicit} ${upTo(8)}${minor}`,
  // German, French, Spanish
  `(?:zeig|zeige|schick|schreib|suche|will|wo (?:finde|bekomme) ich) ${upTo(4)}(?:kinderpornos?|kinderpornogra(?:ph|f)ie|sex mit (?:kindern|einem kind|minderjährigen))`,
  `(?:montre|envoie|écris|cherche|veux|où trouver) ${upTo(4)}(?:pédopornographie|porno d enfants|du sexe avec (?:des|un|une) (?:enfants?|mineure?s?))`,
  `(?:muestra|muéstrame|envía|escribe|busco|quiero|dónde encontrar) ${upTo(4)}(?:pornografía infantil|porno infantil|sexo con (?:un|una|unos)? ?(?:niñ[oa]s?|menor(?:es)?))`,
];

/** By category. Each alternative stands between two blanks. */
const patterns: Record<ModerationCategory, readonly string[]> = {
  harassment,
  hate,
  illicit,
  'self-harm': selfHarm,
  sexual,
  'sexual/minors': sexualMinors,
  violence,
};
const rules = moderationCategories.map((category) => ({
  category,
  pattern: new RegExp(` (?:${patterns[category].join('|')}) `),
}));

/** Declines to do what the rest of the sentence names, as models do. */
const declined =
  / (?:can t|cannot|can not|won t|will not|unable to|not able to) (?:[^ .]{1,30} ){0,2}(?:help|assist|provide|give|share|explain|offer|write|create|generate|engage)(?! (?:but|for|it|up|myself) )[^.]*/g;
/** What is declined may still demean. */
const saidAllTheSame = new Set<ModerationCategory>(['harassment', 'hate']);

/** The categories that a text falls under by the built-in rules. */
export function categoriesByRules(text: string): ModerationCategory[] {
  const words = asWords(text);
  const meant = words.replace(declined, ' ');
  return rules
    .filter(({ category, pattern }) => pattern.test(saidAllTheSame.has(category) ? words : meant))
    .map(({ category }) => category);
}

/**
 * A text as the patterns expect it: words in lower case with one blank before and after each; a full stop, as a word of its
 * own, for the end of a sentence; apostrophes and all other signs are gone.
 */
export function asWords(text: string): string {
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\u00ad\u200b-\u200f\u2060\ufeff]+/g, '')
    .replace(/[.!?;:\n\u2026\u3002]+/g, ' . ')
    .replace(/[^\p{L}\p{M}\p{N}.]+/gu, ' ');
  return ` ${words} `;
}
