import shared from '../../campaigns/fr';
import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  ...shared,
  title: 'Campagnes',
  newCampaign: 'Nouvelle campagne',
  search: 'Rechercher par nom',
  status: 'État',
  tabs: {
    all: 'Toutes',
    draft: 'Brouillons',
    scheduled: 'Programmées',
    running: 'En cours',
    paused: 'En pause',
    ended: 'Terminées',
  },
  list: 'Campagnes',

  made: (when: string) => `Créée ${when}`,
  starts: (when: string) => `Départ le ${when}`,
  started: (when: string) => `Démarrée ${when}`,
  ended: (when: string) => `Terminée ${when}`,
  notStarted: 'Elle n’a pas démarré à l’heure prévue',

  next: {
    draft: 'Vérifier et démarrer',
    scheduled: 'Voir le plan',
    running: 'Suivre',
    paused: 'Reprendre',
    ended: 'Résultats',
  },
  actions: (name: string) => `Autres actions pour ${name}`,
  open: 'Ouvrir',
  edit: 'Modifier',
  duplicate: 'Dupliquer',
  delete: 'Supprimer le brouillon',
  resumeNotDone: 'La campagne n’a pas repris',
  duplicateName: (name: string) => `Copie de ${name}`,
  duplicated: 'La copie est prête, en brouillon',
  editCopy: 'Modifier la copie',
  notDuplicated: 'La campagne n’a pas été dupliquée',
  deleteTitle: 'Supprimer ce brouillon ?',
  deleteExplained: (name: string) =>
    `« ${name} » sera supprimé définitivement, avec ses deux messages. Personne n’a encore été contacté, et aucun contact ne sera supprimé.`,
  notDeleted: 'Le brouillon n’a pas été supprimé',

  begun: 'Vous avez commencé une campagne qui n’est conservée que dans ce navigateur.',
  goOn: 'Continuer',

  none: 'Aucune campagne pour l’instant',
  noneExplained:
    'Deux messages, les personnes à contacter et un rythme qui protège vos numéros : c’est l’affaire de quelques minutes.',
  noneSuch: 'Aucune campagne ne correspond',
  noneSuchExplained: 'Cherchez autre chose, ou affichez toutes les campagnes.',
  showAll: 'Tout afficher',
});

export default fr;
