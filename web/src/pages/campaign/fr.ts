import { duration, list, number, percent, plural } from '../../i18n/format';
import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Campagne',
  toList: 'Toutes les campagnes',
  tabs: { overview: 'Vue d’ensemble', contacts: 'Contacts', senders: 'Expéditeurs' },
  parts: 'Parties de la campagne',
  startedAt: (at: string) => `Démarrée le ${at}`,
  startsAt: (at: string) => `Démarre le ${at}`,
  closedAt: (at: string) => `Terminée le ${at}`,

  pause: 'Mettre en pause',
  resume: 'Reprendre',
  more: 'Autres actions',
  changePause: 'Changer ce qui est en pause',
  rename: 'Renommer',
  duplicate: 'Dupliquer',
  sendTest: 'Envoyer un test',
  results: 'Télécharger les résultats (CSV)',
  toMessages: 'Voir ses messages',
  workflow: 'Ouvrir dans Temporal',
  cancel: 'Annuler la campagne',
  startNow: 'Démarrer maintenant',
  move: 'Déplacer',
  unschedule: 'Remettre en brouillon',
  edit: 'Modifier',

  pauseTitle: 'Mettre la campagne en pause ?',
  pauseWhat: 'Ce qui est mis en pause',
  pauseFirst: 'Le message 1 seulement',
  pauseAll: 'Tout',
  pauseFirstExplained: 'Qui a reçu le message 1 et réagit reçoit toujours le message 2.',
  pauseAllExplained: 'Le message 2 attend aussi. Qui réagit le reçoit à la reprise, s’il en est encore temps.',
  notContacted: (count: number) =>
    plural(count, {
      one: '# contact ne recevra pas le message 1 avant la reprise.',
      other: '# contacts ne recevront pas le message 1 avant la reprise.',
    }),
  stillFollowedUp: (count: number) =>
    plural(count, {
      one: '# contact peut encore réagir et recevoir le message 2.',
      other: '# contacts peuvent encore réagir et recevoir le message 2.',
    }),
  notFollowedUp: (count: number) =>
    plural(count, {
      one: '# contact qui peut encore réagir attendra le message 2.',
      other: '# contacts qui peuvent encore réagir attendront le message 2.',
    }),
  pauseTime: (at: string) => `Le temps continue de courir : la campagne se termine le ${at} au plus tard.`,
  notPaused: 'La campagne n’a pas été mise en pause',
  notResumed: 'La campagne n’a pas repris',
  pausedFirst: 'Le message 1 est en pause. Qui réagit reçoit toujours le message 2.',
  pausedAll: 'Tout est en pause : ni le message 1 ni le message 2 ne partent.',
  pausedCount: (count: number) =>
    plural(count, { one: '# contact reste à contacter.', other: '# contacts restent à contacter.' }),

  cancelTitle: 'Annuler définitivement la campagne ?',
  cancelPending: (count: number) =>
    plural(count, {
      one: '# contact ne recevra pas le message 1.',
      other: '# contacts ne recevront pas le message 1.',
    }),
  cancelWaiting: (count: number) =>
    plural(count, {
      one: '# contact qui a reçu le message 1 ne recevra pas le message 2, même s’il réagit.',
      other: '# contacts qui ont reçu le message 1 ne recevront pas le message 2, même s’ils réagissent.',
    }),
  cancelKept: (count: number) =>
    plural(count, {
      one: 'Ce qui a été envoyé, soit # message, reste dans les résultats.',
      other: 'Ce qui a été envoyé, soit # messages, reste dans les résultats.',
    }),
  cancelForGood: 'Cette action est irréversible.',
  cancelScheduled: 'Elle ne démarrera pas, et personne ne recevra rien. Vous pourrez la dupliquer plus tard.',
  cancelling: 'La campagne est en cours d’annulation',

  renameTitle: 'Renommer la campagne',
  name: 'Nom',
  save: 'Enregistrer',
  notRenamed: 'Le nom n’a pas été enregistré',
  copyOf: (name: string) => `Copie de ${name}`,
  copied: 'Une copie a été créée, en brouillon',
  notCopied: 'La campagne n’a pas été dupliquée',

  scheduled: 'En attente de son démarrage',
  startsIn: (wait: string) => `Démarre dans ${wait}`,
  startsSoon: 'Démarre d’un instant à l’autre',
  startNowTitle: 'Démarrer la campagne maintenant ?',
  startNowExplained: (count: number) =>
    plural(count, {
      one: '# contact recevra le message 1 dès maintenant, et non au moment prévu.',
      other: '# contacts recevront le message 1 à partir de maintenant, et non au moment prévu.',
    }),
  unscheduleTitle: 'Remettre la campagne en brouillon ?',
  unscheduleExplained: 'Elle ne démarrera plus d’elle-même. Tout ce que vous avez réglé est conservé.',
  notYet: 'Rien n’a encore été envoyé. L’avancement s’affichera ici après le démarrage.',

  messageStates: {
    pending: 'En attente',
    accepted: 'Accepté',
    sent: 'Envoyé',
    delivered: 'Distribué',
    read: 'Lu',
    failed: 'Échec',
    cancelled: 'Non envoyé',
    refused: 'Refusé',
  },

  funnel: 'Avancement',
  steps: {
    contacts: 'Contacts',
    sent: 'Message 1 envoyé',
    delivered: 'Distribué',
    read: 'Lu',
    reacted: 'Ont réagi',
    followedUp: 'Relancés',
  },
  rates: {
    sent: (rate: number) => `${percent(rate, 1)} des contacts`,
    delivered: (rate: number) => `${percent(rate, 1)} des envois`,
    read: (rate: number) => `${percent(rate, 1)} des envois`,
    reacted: (rate: number) => `${percent(rate, 1)} des envois`,
    followedUp: (rate: number) => `${percent(rate, 1)} de ceux qui ont réagi`,
  },
  failures: (count: number) => plural(count, { one: '# message en échec', other: '# messages en échec' }),

  states: 'Où en sont les contacts',
  state: {
    pending: 'À contacter',
    message_1_sent: 'Réaction attendue',
    message_2_sent: 'Relancé',
    no_interaction: 'Sans réaction',
    late_interaction: 'Réaction tardive',
    failed: 'Échec',
    opted_out: 'Désinscrit',
    cancelled: 'Annulé',
    expired: 'Hors délai',
  },

  time: 'Temps',
  timeLeft: 'Temps restant, environ',
  doneSoon: 'D’un instant à l’autre',
  unknownEnd: 'Impossible à prévoir',
  whilePaused: 'Tant qu’elle est en pause',
  progress: (done: number, total: number) =>
    `${number(done)} sur ${plural(total, { one: '# contact terminé', other: '# contacts terminés' })}`,
  lastMessage1: 'Dernier message 1',
  done: 'Fin prévue',
  endsBy: 'Fin au plus tard',
  tooLong: (count: number) =>
    plural(count, {
      one: 'Elle ne finira pas à temps : le contact restant risque de ne rien recevoir. Un autre expéditeur aiderait.',
      other:
        'Elle ne finira pas à temps : une partie des # contacts restants ne recevra rien. Un autre expéditeur aiderait.',
    }),
  heldUp: 'Ce qui prend du temps',
  holds: {
    pace: 'La cadence qui protège les numéros',
    rest: 'Les repos après de nombreux messages',
    batch_pause: 'Les pauses entre les lots',
    night: 'Les nuits',
    quota: 'Le quota sur 24 heures',
    warm_up: 'La montée en charge des numéros récents',
    unavailable: 'Un expéditeur en pause ou arrêté',
  },
  estimatedAt: (ago: string) => `Estimation : ${ago}`,

  daily: 'Jour par jour',
  message1: 'Message 1',
  message2: 'Message 2',
  planned: 'Prévus',
  reactions: 'Réactions',
  reads: 'Lus',
  noDays: 'Rien n’a encore été envoyé',

  replyTimes: 'Délai de réaction',
  replyTime: {
    under_1_min: 'Moins d’une minute',
    under_5_min: '1 à 5 minutes',
    under_30_min: '5 à 30 minutes',
    under_1_h: '30 minutes à 1 heure',
    under_6_h: '1 à 6 heures',
    under_24_h: '6 à 24 heures',
    later: 'Plus tard',
  },
  noReplies: 'Personne n’a encore réagi',

  texts: 'Ce qui est envoyé',
  window: 'Temps pour réagir',
  maxAge: 'Durée maximale',
  batchSize: 'Contacts par lot',
  audience: 'Destinataires',
  everyone: 'Tous les contacts',
  categories: (count: number) => plural(count, { one: '# catégorie', other: '# catégories' }),
  senderCount: (count: number) => plural(count, { one: '# expéditeur', other: '# expéditeurs' }),

  report: 'Bilan',
  reasons: {
    all_final: 'La campagne s’est terminée parce que tout était fait pour chaque contact.',
    max_age: 'La campagne s’est terminée parce que sa durée maximale était atteinte.',
    cancelled: 'La campagne a été annulée.',
  },
  neverStarted: 'Elle a été annulée avant son démarrage : personne n’a rien reçu.',
  reachedText: (sent: number, total: number) =>
    `${number(sent)} sur ${plural(total, { one: '# contact a reçu', other: '# contacts ont reçu' })} le message 1.`,
  reactedText: (reacted: number, rate: number) =>
    plural(reacted, {
      one: `# a réagi (${percent(rate, 1)} de ceux qui l’ont reçu).`,
      other: `# ont réagi (${percent(rate, 1)} de ceux qui l’ont reçu).`,
    }),
  followedText: (count: number) =>
    plural(count, {
      one: '# a réagi à temps et reçu le message 2.',
      other: '# ont réagi à temps et reçu le message 2.',
    }),
  silentText: (silent: number, late: number) =>
    `${plural(silent, { one: '# n’a pas réagi', other: '# n’ont pas réagi' })}, ${plural(late, { one: '# a réagi trop tard', other: '# ont réagi trop tard' })}.`,
  troubleText: (failed: number, optedOut: number) =>
    `${plural(failed, { one: '# contact n’a pas pu être joint', other: '# contacts n’ont pas pu être joints' })}, ${plural(optedOut, { one: '# s’est désinscrit', other: '# se sont désinscrits' })}.`,
  untouchedText: (count: number) =>
    plural(count, {
      one: '# contact n’était pas encore traité à la fin.',
      other: '# contacts n’étaient pas encore traités à la fin.',
    }),
  took: (seconds: number) => `Elle a duré ${duration(seconds)}.`,
  resultsFile: 'Résultats en CSV',

  search: 'Nom ou numéro',
  stateFilter: 'État',
  anyState: (count: number) => `Tous les états (${number(count)})`,
  stateCount: (state: string, count: number) => `${state} (${number(count)})`,
  columns: {
    contact: 'Contact',
    phone: 'Numéro',
    state: 'État',
    message1: 'Message 1',
    message2: 'Message 2',
    reaction: 'Dernière réaction',
  },
  nobody: 'Aucun contact ne correspond',
  nobodyExplained: 'Changez votre recherche, ou choisissez un autre état.',
  noContacts: 'Pas encore de contacts',
  noContactsExplained: 'La liste des contacts est arrêtée au moment du démarrage.',
  erased: 'Contact effacé',
  unnamed: 'Sans nom',
  allStates: 'Tout afficher',

  timeline: 'Historique',
  kinds: {
    message_sent: (message: string) => `${message} envoyé`,
    message_delivered: (message: string) => `${message} distribué`,
    message_read: (message: string) => `${message} lu`,
    message_failed: (message: string) => `${message} en échec`,
    interaction: (kind: string) => `Réaction : ${kind}`,
    state: (state: string) => `État actuel : ${state}`,
  },
  interactions: {
    text: 'texte',
    emoji: 'emoji',
    voice: 'message vocal',
    audio: 'audio',
    image: 'image',
    video: 'vidéo',
    document: 'document',
    sticker: 'sticker',
    location: 'position',
    contacts: 'fiche de contact',
    poll: 'sondage',
    poll_vote: 'vote',
    buttons_response: 'bouton',
    list_response: 'choix dans une liste',
    reaction: 'emoji sur le message',
    other: 'autre',
  },
  nothingYet: 'Rien ne s’est encore passé',
  attempts: 'Tentatives d’envoi',
  messagesOf: 'Tous les messages à ce contact',

  lanes: 'Expéditeurs',
  noLanes: 'Les contacts sont répartis entre les expéditeurs au démarrage.',
  laneProgress: (name: string) => `Avancement de ${name}`,
  laneContacts: (started: number, total: number) =>
    plural(started, {
      one: `# contact sur ${number(total)} lancé`,
      other: `# contacts sur ${number(total)} lancés`,
    }),
  laneBatches: (started: number, total: number) => `lot ${number(started)} sur ${number(total)}`,
  nextAt: (at: string) => `prochain message 1 à ${at}`,
  changes: 'Changements de cadence',
  noChanges: 'La cadence n’a pas encore changé',
  errorRate: (rate: number) => `${percent(rate, 1)} des messages ont échoué`,
  batches: 'Lots',
  noBatches: 'Aucun lot n’a encore démarré',
  batchColumns: {
    batch: 'Lot',
    sender: 'Expéditeur',
    started: 'Démarré',
    progress: 'Avancement',
  },
  batchParts: { final: 'terminés', waiting: 'en attente' },
  batchText: (final: number, waiting: number, pending: number) =>
    list([
      plural(final, { one: '# terminé', other: '# terminés' }),
      ...(waiting > 0 ? [`${number(waiting)} en attente`] : []),
      ...(pending > 0 ? [`${number(pending)} à contacter`] : []),
    ]),
});

export default fr;
