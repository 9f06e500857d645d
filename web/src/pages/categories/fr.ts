import { plural } from '../../i18n/format';
import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Catégories',
  sub: 'Les groupes de contacts auxquels vos campagnes s’adressent.',
  add: 'Nouvelle catégorie',
  list: 'Catégories',
  search: 'Rechercher une catégorie',

  category: 'Catégorie',
  contactsColumn: 'Contacts',
  createdColumn: 'Créée',
  actions: 'Actions',
  nobody: 'Personne',
  newCampaign: 'Nouvelle campagne',
  showContacts: 'Voir ses contacts',
  actionsOf: (name: string) => `Actions pour ${name}`,
  edit: 'Modifier',
  remove: 'Supprimer',

  addTitle: 'Nouvelle catégorie',
  editTitle: 'Modifier la catégorie',
  name: 'Nom',
  namePlaceholder: 'Clients fidèles',
  nameMissing: 'Donnez-lui un nom.',
  nameSigns: 'Un nom ne peut contenir ni | ni point-virgule.',
  nameTaken: 'Une autre catégorie porte déjà ce nom.',
  colour: 'Couleur',
  colours: {
    slate: 'Gris',
    red: 'Rouge',
    orange: 'Orange',
    amber: 'Ambre',
    green: 'Vert',
    teal: 'Bleu-vert',
    blue: 'Bleu',
    indigo: 'Indigo',
    purple: 'Violet',
    pink: 'Rose',
    own: 'Sa propre couleur',
  },
  create: 'Créer la catégorie',
  save: 'Enregistrer',
  notCreated: (name: string) => `La catégorie ${name} n’a pas été créée`,
  notSaved: (name: string) => `La catégorie ${name} n’a pas été modifiée`,

  removeTitle: (name: string) => `Supprimer la catégorie ${name} ?`,
  removeText: (count: number) =>
    plural(count, {
      one: '# contact en fait partie. Il est conservé ; seule la catégorie disparaît.',
      other: '# contacts en font partie. Ils sont conservés ; seule la catégorie disparaît.',
    }),
  removeEmptyText: 'Elle est vide.',
  removeConfirm: 'Supprimer la catégorie',
  notRemoved: (name: string) => `La catégorie ${name} n’a pas été supprimée`,
  inUse: (campaigns: string) =>
    `Des campagnes qui ne sont pas terminées l’utilisent : ${campaigns}. Attendez leur fin ou annulez-les.`,

  none: 'Aucune catégorie pour l’instant',
  noneExplained: 'Une catégorie dit à qui va une campagne : clients, adhérents, un quartier.',
  noMatch: 'Aucune catégorie ne porte ce nom',
  clear: 'Effacer la recherche',
});

export default fr;
