import { number, percent, plural } from '../../i18n/format';
import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Expéditeurs',
  sub: 'Les numéros WhatsApp qui écrivent à vos contacts.',
  add: 'Ajouter un expéditeur',
  empty: 'Aucun expéditeur pour l’instant',
  emptyExplained:
    'Un expéditeur est un numéro WhatsApp relié à la passerelle. Une campagne part d’un ou de plusieurs d’entre eux.',
  list: 'Expéditeurs',

  actions: (name: string) => `Plus d’actions pour ${name}`,
  details: 'Détails et historique',
  edit: 'Modifier',
  settings: 'Ses réglages',
  remove: 'Retirer',
  pause: 'Mettre en pause',
  resume: 'Reprendre',
  quota: 'Quota sur 24 heures',
  quotaOf: (name: string) => `Quota de ${name}`,
  quotaUsed: (sent: number, quota: number) => `${number(sent)} sur ${number(quota)} envoyés`,
  quotaLeft: (left: number) => `reste ${number(left)}`,
  quotaUnknown: 'Connu dès sa première campagne',
  kept: (count: number) =>
    plural(count, { one: '# gardé pour une réponse', other: '# gardés pour les réponses' }),
  errors: 'Erreurs récentes',
  campaigns: 'Campagnes ouvertes',
  next: 'Prochain message',
  goesOn: (moment: string) => `Reprise automatique à ${moment}.`,
  notYet: 'Sa cadence sera calculée au démarrage de sa première campagne.',
  pausedMessage1: 'En pause : aucun Message 1 ne part. Ceux qui réagissent reçoivent quand même le Message 2.',
  pausedAll: 'En pause : rien ne part, pas même le Message 2.',
  stopped: (reason: string) => `Arrêté pour protéger le compte : ${reason}`,
  saving: 'Enregistrement…',

  reasons: {
    every: (time: string) => `un message toutes les ${time} en moyenne`,
    perSecond: (count: string) => `${count} messages par seconde`,
    careful: (pace: string) => `Profil prudent : ${pace}.`,
    standard: (pace: string) => `Profil standard : ${pace}.`,
    fixed: (pace: string) => `Cadence fixe : ${pace}.`,
    slower: (before: string, longer: string) =>
      `${before} Des messages ont échoué récemment : l’intervalle est allongé de ${longer}.`,
    pausedByPerson: 'Mis en pause par quelqu’un.',
    campaignsPaused: 'Toutes ses campagnes sont en pause.',
    gatewayBreak: 'La passerelle a demandé une pause.',
    rest: 'Un repos après beaucoup de messages d’affilée, comme en prendrait une personne.',
    night: 'Les expéditeurs prudents n’écrivent pas la nuit.',
    quota: (sent: number, quota: number) =>
      `${number(sent)} messages sur ${number(quota)} déjà envoyés sur 24 heures.`,
    quotaKept: (sent: number, quota: number, kept: number) =>
      `${number(sent)} messages sur ${number(quota)} déjà envoyés sur 24 heures ; ${plural(kept, { one: 'une place est gardée pour # réponse', other: 'de la place est gardée pour # réponses' })}.`,
    failedInARow: (count: number) => `${number(count)} messages ont échoué d’affilée.`,
    failedInTenMinutes: (count: number) => `${number(count)} messages ont échoué en dix minutes.`,
    refused: (status: string, text: string) => `La passerelle l’empêche d’envoyer (${status}) : ${text}`,
    session: (state: string) => `WhatsApp a signalé une session ${state}.`,
    sessions: {
      authorize: 'qui n’est plus reliée : son code QR est à scanner',
      error: 'en erreur',
      conflict: 'ouverte ailleurs',
      blocked: 'bloquée',
    },
  },

  gateway: 'À la passerelle',
  health: {
    ready: 'Connecté à WhatsApp, prêt à envoyer',
    scan: 'Code QR à scanner',
    otherNumber: 'Un autre numéro est relié',
    elsewhere: 'WhatsApp Web est ouvert ailleurs',
    device: 'L’appareil ne peut pas envoyer',
    offline: 'Le téléphone n’est pas connecté',
    away: 'La passerelle ne répond pas',
  },
  healthShort: {
    ready: 'Connecté',
    scan: 'Code QR à scanner',
    otherNumber: 'Autre numéro',
    elsewhere: 'Ouvert ailleurs',
    device: 'Envoi impossible',
    offline: 'Non connecté',
    away: 'Pas de réponse',
  },
  healthTodo: {
    scan: 'Ouvrez cet appareil à la passerelle. Sur le téléphone, ouvrez WhatsApp > Appareils connectés > Connecter un appareil, puis scannez le code.',
    otherNumber: 'Reliez le bon téléphone à la passerelle, ou ajoutez l’autre numéro comme expéditeur à part.',
    elsewhere: 'Fermez WhatsApp Web là où il est ouvert avec ce compte, puis reprenez l’expéditeur.',
    device: 'Vérifiez l’appareil à la passerelle : est-il payé, activé, non banni ?',
    offline: 'Vérifiez que le téléphone est allumé, connecté à Internet, et que WhatsApp s’y ouvre.',
    away: 'Relance redemande automatiquement. Les messages qui n’ont pas pu partir attendent.',
  },
  otherPhone: (phone: string) => `Relié : ${phone}`,
  checking: 'Question à la passerelle…',
  checkAgain: 'Vérifier à nouveau',

  editing: (name: string) => `Modifier ${name}`,
  save: 'Enregistrer',
  addIt: 'Ajouter cet expéditeur',
  cancel: 'Annuler',
  sandbox: 'Vous êtes dans le bac à sable : personne ne reçoit de vrai message.',
  number: 'Numéro WhatsApp',
  device: {
    ready: 'Prêt',
    scan: 'Code QR à scanner',
    offline: 'Non connecté',
    used: 'Déjà expéditeur',
    noPhone: 'Aucun téléphone relié',
  },
  byHand: 'Saisir un numéro à la main',
  fromList: 'Choisir plutôt à la passerelle',
  noneFree:
    'Tous les numéros de la passerelle sont déjà des expéditeurs. Reliez-en un autre là-bas, puis actualisez.',
  noDevices: 'Aucun numéro n’est encore relié à la passerelle. Reliez-en un là-bas, puis actualisez.',
  lookAgain: 'Actualiser',
  gatewayAway:
    'Impossible de lister les numéros de la passerelle pour l’instant. Vous pouvez en saisir un à la main.',
  provider: 'Passerelle',
  providers: { wassenger: 'Wassenger', meta: 'API Cloud de Meta' },
  metaHint:
    'Un numéro officiel de la plateforme WhatsApp Business. Le Message 1 part sous forme de modèle approuvé.',
  numberId: 'Identifiant du numéro de téléphone',
  numberIdHint:
    'Des chiffres uniquement. Dans la console de Meta : WhatsApp > Configuration de l’API, sous le numéro.',
  numberIdWrong: 'L’identifiant d’un numéro a de 5 à 20 chiffres.',
  template: 'Modèle du Message 1',
  templateHint:
    'Son nom chez Meta, approuvé et actif. Son corps contient une seule variable, {{1}}, qui reçoit le texte du Message 1.',
  templateWrong: 'Le nom d’un modèle s’écrit en minuscules, chiffres et tirets bas.',
  language: 'Langue du modèle',
  languageHint: 'Telle que Meta la nomme, par exemple fr, en ou en_US.',
  languageWrong: 'Écrivez-la comme Meta, par exemple fr, en ou en_US.',
  deviceId: 'Appareil à la passerelle',
  deviceIdHint:
    '24 chiffres et lettres de a à f. Dans la console de la passerelle : Devices, puis « Device ID ».',
  deviceIdWrong: 'L’identifiant d’un appareil a 24 caractères : des chiffres et des lettres de a à f.',
  deviceTaken: (name: string) => `Cet appareil est déjà l’expéditeur ${name}.`,
  phone: 'Numéro de téléphone',
  phoneHint: 'Avec l’indicatif du pays, par exemple +33 6 39 98 00 01.',
  phoneWrong: 'Écrivez le numéro avec le signe plus et l’indicatif du pays.',
  name: 'Nom',
  nameHint: 'Pour vous et vos collègues ; les contacts ne le voient pas.',
  nameMissing: 'Donnez-lui un nom.',
  trust: 'Maturité du compte',
  trustHint:
    'Un compte jeune commence par 20 messages par jour, à une cadence prudente, pour que WhatsApp ne le bloque pas.',
  maturities: {
    auto: 'Automatique, selon son âge et son historique',
    young: 'Jeune : cadence prudente, montée progressive',
    established: 'Établi : cadence standard',
    mature: 'Confirmé : la cadence sûre la plus rapide',
  },
  maturityNames: { young: 'Jeune', established: 'Établi', mature: 'Confirmé' },
  since: 'En service depuis',
  sinceHint: 'La date d’ouverture du compte WhatsApp, si vous la connaissez. Un compte ancien monte plus vite.',
  optional: '(facultatif)',
  pace: 'Cadence',
  paces: { auto: 'Sûre : selon la maturité du compte', fixed: 'Fixe : pour faire des essais' },
  paceHint:
    'Une cadence fixe ignore le profil, la montée progressive, les nuits et les repos. Avec un vrai numéro, elle risque un bannissement.',
  rate: 'Messages par seconde',
  rateWrong: 'Un nombre supérieur à 0, 1 000 au plus.',
  notAdded: 'L’expéditeur n’a pas été ajouté',
  notSaved: 'Les modifications n’ont pas été enregistrées',
  added: (name: string) => `${name} est maintenant un expéditeur`,
  nextStep: 'Importer des contacts',

  pauseTitle: (name: string) => `Mettre ${name} en pause`,
  pauseExplained: (campaigns: number) =>
    plural(campaigns, {
      one: '# campagne non terminée utilise cet expéditeur. Son horloge continue : une pause n’allonge aucune fenêtre.',
      other:
        '# campagnes non terminées utilisent cet expéditeur. Leur horloge continue : une pause n’allonge aucune fenêtre.',
    }),
  scope: 'Ce qui s’arrête',
  scopes: {
    message_1: {
      label: 'Les nouveaux contacts seulement',
      hint: 'Aucun Message 1 ne part. Ceux qui réagissent reçoivent quand même le Message 2.',
    },
    all: {
      label: 'Tout',
      hint: 'Le Message 2 attend aussi, et il est perdu pour ceux dont la fenêtre se ferme entre-temps.',
    },
  },
  notPaused: 'L’expéditeur n’a pas été mis en pause',
  notResumed: 'L’expéditeur n’a pas repris',
  resumeTitle: (name: string) => `Reprendre ${name}`,
  resumeStopped: (reason: string) =>
    `Relance a arrêté cet expéditeur : ${reason} Vérifiez que son compte WhatsApp fonctionne et n’est pas restreint. S’il l’est, chaque message de plus aggrave les choses.`,
  resumeConfirm: 'Il fonctionne : reprendre',
  removeTitle: (name: string) => `Retirer ${name} ?`,
  removeFree:
    'Il disparaît de cette liste et ne peut plus être choisi pour une campagne. Les messages qu’il a envoyés restent ; si vous ajoutez de nouveau son appareil, il revient avec son historique.',
  removeUsed: (campaigns: number) =>
    plural(campaigns, {
      one: '# campagne non terminée utilise cet expéditeur. Terminez-la ou choisissez-lui d’abord un autre expéditeur.',
      other:
        '# campagnes non terminées utilisent cet expéditeur. Terminez-les ou choisissez-leur d’abord un autre expéditeur.',
    }),
  toCampaigns: 'Vers les campagnes',
  removeConfirm: 'Retirer l’expéditeur',
  notRemoved: 'L’expéditeur n’a pas été retiré',

  now: 'En ce moment',
  facts: {
    profile: 'Profil',
    maturity: 'Maturité',
    delay: 'Entre deux messages',
    factor: 'Allongé à cause des erreurs',
    errors: 'Erreurs des derniers messages',
    kept: 'Gardé pour les réponses',
    next: 'Prochain Message 1',
    device: 'Appareil à la passerelle',
    since: 'En service depuis',
  },
  profiles: { standard: 'Standard', careful: 'Prudent', fixed: 'Cadence fixe' },
  byPerson: 'choisie par quelqu’un',
  none: 'aucun',
  delivery: 'Distribution des dernières 24 heures',
  toSent: 'De la passerelle à WhatsApp',
  toDelivered: 'De WhatsApp au téléphone',
  typical: (median: string, slow: string) => `${median}, 1 sur 20 au-delà de ${slow}`,
  noDelivery: 'Rien n’a été distribué ces dernières 24 heures.',
  history: 'Évolution de sa cadence',
  noHistory: 'Elle n’a pas encore changé.',
  change: (quota: number, rate: number) => `Quota ${number(quota)}, erreurs ${percent(rate, 1)}`,
});

export default fr;
