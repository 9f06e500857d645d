import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Utilisateurs',
  sub: 'Qui peut se connecter. Les super administrateurs gèrent aussi les utilisateurs.',
  search: 'Rechercher par nom',
  add: 'Ajouter un utilisateur',
  only: 'Seuls les super administrateurs gèrent les utilisateurs',
  onlyExplained: 'Demandez à l’un d’eux d’ajouter quelqu’un ou de réinitialiser un mot de passe.',
  empty: 'Personne ne porte ce nom',

  name: 'Nom',
  nameHint: 'Sert à se connecter, en majuscules ou non.',
  nameMissing: 'Il faut un nom.',
  nameTaken: 'Quelqu’un porte déjà ce nom.',
  role: 'Rôle',
  roles: { admin: 'Administrateur', super_admin: 'Super administrateur' },
  roleHints: {
    admin: 'Campagnes, contacts, expéditeurs, réglages',
    super_admin: 'Tout cela, et les utilisateurs',
  },
  language: 'Langue',
  since: 'Depuis',
  you: 'vous',
  waiting: 'Ne s’est pas encore connecté',
  columnOfActions: 'Actions',
  actions: (name: string) => `Plus d’actions pour ${name}`,
  cancel: 'Annuler',
  save: 'Enregistrer',
  edit: 'Modifier',
  editing: (name: string) => `Modifier ${name}`,
  addIt: 'Ajouter cet utilisateur',
  endsSessions: 'Un autre rôle déconnecte cette personne partout.',
  notAdded: 'L’utilisateur n’a pas été ajouté',
  notSaved: 'Les modifications n’ont pas été enregistrées',
  lastSuperAdmin: 'Le dernier super administrateur doit le rester.',

  reset: 'Réinitialiser le mot de passe',
  resetTitle: (name: string) => `Réinitialiser le mot de passe de ${name} ?`,
  resetExplained:
    'Le mot de passe actuel et toutes les sessions de cette personne prennent fin aussitôt, et un compte verrouillé se rouvre. Vous obtenez un mot de passe valable une fois, à transmettre.',
  passwordOf: (name: string) => `Le mot de passe de ${name}`,
  passwordOnce:
    'Il ne s’affiche qu’une fois et vaut pour une seule connexion. Transmettez-le par un canal sûr.',
  passwordLabel: 'Mot de passe à usage unique',
  copy: 'Copier',
  copied: 'Copié',
  done: 'Je l’ai transmis',

  remove: 'Supprimer',
  removeTitle: (name: string) => `Supprimer ${name} ?`,
  removeExplained:
    'Cette personne est déconnectée partout et ne peut plus se connecter ; ses clés d’API cessent de fonctionner. Ce qu’elle a fait reste au journal. C’est définitif.',
  removeConfirm: 'Supprimer cet utilisateur',
  notRemoved: 'L’utilisateur n’a pas été supprimé',
});

export default fr;
