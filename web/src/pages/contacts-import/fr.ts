import { plural } from '../../i18n/format';
import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Importer des contacts',
  sub: 'Depuis un fichier CSV, tel que l’exporte un tableur ou un CRM.',
  toContacts: 'Tous les contacts',
  optional: '(facultatif)',

  steps: { file: 'Fichier', columns: 'Colonnes', import: 'Import' },

  // The file
  drop: 'Déposez votre fichier ici',
  dropHint: 'ou choisissez-le sur votre appareil',
  choose: 'Choisir un fichier',
  formats:
    'Une ligne par contact, avec une colonne de numéros de téléphone. Virgules, points-virgules ou tabulations, UTF-8 ou Windows : tout est reconnu.',
  workbook:
    'C’est un classeur. Enregistrez-le au format « CSV » dans votre tableur, puis choisissez ce fichier.',
  tooLarge: 'Le fichier est trop volumineux : 512 Mo au maximum.',
  emptyFile: 'Le fichier est vide.',
  badLine: (line: string) =>
    `La ligne ${line} n’est pas du CSV. Exportez à nouveau le fichier, ou corrigez-la.`,
  openQuote: 'Un guillemet est ouvert et jamais fermé : supprimez-le, ou fermez-le.',
  otherFile: 'Choisir un autre fichier',

  // Its columns
  readAs: (delimiter: string, encoding: string, size: string) => `${delimiter} · ${encoding} · ${size}`,
  delimiters: (sign: string) =>
    ({
      ',': 'Séparé par des virgules',
      ';': 'Séparé par des points-virgules',
      '\t': 'Séparé par des tabulations',
    })[sign] ?? `Séparé par ${sign}`,
  preview: 'Premières lignes du fichier',
  untitled: (place: number) => `Colonne ${place}`,
  meaningOf: (title: string) => `Signification de ${title}`,
  meanings: {
    phone: 'Numéro de téléphone',
    name: 'Nom complet',
    first_name: 'Prénom',
    last_name: 'Nom de famille',
    categories: 'Catégories',
    opted_out: 'Désinscrit (oui ou non)',
    variable: 'Variable',
    ignored: 'Ne pas importer',
  },
  noPhoneColumn: 'Indiquez quelle colonne contient les numéros de téléphone.',
  twice: (meaning: string) => `Deux colonnes ont le même sens : ${meaning}. Changez l’une des deux.`,

  // What becomes of it
  options: 'Options',
  category: 'Ajouter à la catégorie',
  categoryHint: 'Une catégorie existante, ou un nouveau nom.',
  duplicates: 'Numéros que vous avez déjà',
  update: 'Mettre les contacts à jour',
  skip: 'Laisser les contacts tels quels',
  duplicatesHints: {
    update: 'Les nouvelles valeurs remplacent les anciennes ; rien n’est vidé.',
    skip: 'Ils rejoignent tout de même la catégorie.',
  },
  country: 'Pays des numéros nationaux',
  countryHint: 'Pour les numéros sans indicatif de pays.',
  start: 'Importer',
  sending: (size: string) => `Envoi de ${size}…`,
  sendingLabel: 'Envoi du fichier',
  started: (name: string) => `L’import de ${name} est en cours`,
  look: 'Voir',
  notStarted: (name: string) => `${name} n’a pas été importé`,

  // While it runs
  progress: 'Avancement de l’import',
  waiting: 'En attente de son tour…',
  rowsRead: (count: number) => plural(count, { one: '# ligne lue', other: '# lignes lues' }),
  mayLeave: 'Vous pouvez quitter cette page : l’import continue.',
  cancel: 'Arrêter l’import',
  cancelTitle: 'Arrêter l’import ?',
  cancelText: (count: number) =>
    plural(count, {
      one: 'Le reste du fichier n’est pas importé. # contact déjà importé est conservé.',
      other: 'Le reste du fichier n’est pas importé. # contacts déjà importés sont conservés.',
    }),

  // What came of it
  noName: 'Fichier sans nom',
  done: (count: number) => plural(count, { one: '# contact importé.', other: '# contacts importés.' }),
  doneWithRejected: (count: number) =>
    plural(count, {
      one: 'Le fichier est importé, sauf # ligne.',
      other: 'Le fichier est importé, sauf # lignes.',
    }),
  cancelled: 'L’import a été arrêté. Ce qui était déjà importé est conservé.',
  failed: 'Le fichier n’a pas pu être lu jusqu’au bout. Ce qui était déjà importé est conservé.',
  created: 'Nouveaux',
  updated: 'Mis à jour',
  skipped: 'Laissés tels quels',
  rejected: 'Rejetées',
  optedOut: 'Désinscrits',
  another: 'Importer un autre fichier',
  newCampaign: 'Campagne pour eux',
  showContacts: 'Voir les contacts',
  rejectedTitle: (count: number) => plural(count, { one: '# ligne rejetée', other: '# lignes rejetées' }),
  download: 'Télécharger',
  line: 'Ligne',
  value: 'Numéro dans le fichier',
  empty: 'vide',
  reason: 'Raison',

  earlier: 'Imports précédents',
  file: 'Fichier',
  when: 'Date',
  state: 'État',
  states: {
    queued: 'En attente',
    running: 'En cours',
    completed: 'Terminé',
    cancelled: 'Arrêté',
    failed: 'Échoué',
  },
});

export default fr;
