import { number, percent, plural } from '../../i18n/format';
import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Vue d’ensemble',
  newCampaign: 'Nouvelle campagne',

  today: 'Aujourd’hui',
  todayNote: 'Le jour change à minuit UTC.',
  sent: 'Envoyés',
  sentNote: (followUps: number) => plural(followUps, { one: 'dont # relance', other: 'dont # relances' }),
  delivered: 'Distribués',
  read: 'Lus',
  interactions: 'Réactions',
  failures: 'Échecs',
  ofSent: (rate: number) => `${percent(rate)} des envois`,

  quota: 'Quota sur 24 heures',
  quotaLeft: 'messages restants',
  quotaUsed: (sent: number, quota: number) => `${number(sent)} sur ${number(quota)} envoyés`,
  quotaUnknown: 'Pas encore connu',
  capacity: (contacts: number) =>
    plural(contacts, {
      one: 'De la place pour # contact de plus',
      other: 'De la place pour # contacts de plus',
    }),
  noSenders: 'Aucun expéditeur pour l’instant',
  noSendersExplained: 'Un expéditeur est un numéro WhatsApp d’où partent les campagnes.',
  addSender: 'Ajouter un expéditeur',

  running: 'En cours',
  noneRunning: 'Aucune campagne en cours',
  noneRunningExplained: 'Celles qui tournent s’affichent ici, en direct.',
  progress: (name: string) => `Avancement de ${name}`,
  done: 'Terminés',
  waiting: 'Réaction attendue',
  toContact: 'À contacter',
  starts: (when: string) => `Départ le ${when}`,
  contacted: (count: number, total: number) =>
    `${number(count)} sur ${plural(total, { one: '# contact', other: '# contacts' })} contactés`,
  reacted: (count: number) => plural(count, { one: '# réaction', other: '# réactions' }),
  followedUp: (count: number) => plural(count, { one: '# relance', other: '# relances' }),

  chart: 'Messages par jour',
  span: 'Période',
  days: (count: number) => `${count} jours`,
  nothingSent: 'Aucun envoi pendant ces jours',
  message1: 'Message 1',
  message2: 'Message 2',

  attention: 'À surveiller',
  noWorker: 'Aucun worker ne tourne : rien n’est envoyé',
  componentDown: (name: string) => `Aucun signe de vie de ${name}`,
  quotaHigh: (name: string, share: number) => `${name} a utilisé ${percent(share)} de son quota`,
  upkeepFindings: 'L’entretien horaire a trouvé des éléments restés en suspens',
  installationHeld: 'Cette installation a été restaurée : rien ne part tant que personne ne l’a confirmé',
  webhookSilence: 'Des messages partent, mais plus aucun webhook n’arrive : des réponses peuvent nous échapper',
  senderStopped: (name: string) => `${name} est arrêté`,
  senderErrors: (name: string, rate: number) => `${percent(rate)} des derniers messages de ${name} ont échoué`,
  senderPaused: (name: string) => `${name} est en pause`,
  campaignNotStarted: (name: string) => `${name} n’a pas démarré`,
  campaignPaused: (name: string) => `${name} est en pause`,
  failedToday: (count: number) =>
    plural(count, { one: '# message a échoué aujourd’hui', other: '# messages ont échoué aujourd’hui' }),
  look: 'Examiner',

  firstRun: 'Votre première campagne en trois étapes',
  firstRunExplained: 'Tout peut s’essayer dans le bac à sable : personne ne reçoit de vrai message.',
  steps: {
    sender: {
      title: 'Ajoutez un expéditeur',
      text: 'Le numéro WhatsApp qui écrira à vos contacts.',
      action: 'Ajouter un expéditeur',
    },
    contacts: {
      title: 'Importez vos contacts',
      text: 'Un fichier CSV avec les numéros, et les noms si vous les avez.',
      action: 'Importer des contacts',
    },
    campaign: {
      title: 'Lancez une campagne',
      text: 'Écrivez deux messages, vérifiez l’estimation, démarrez.',
      action: 'Créer une campagne',
    },
  },
  stepDone: 'Fait',
});

export default fr;
