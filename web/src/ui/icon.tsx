// The icons, as paths in a box of 24: drawn for this, so that none weighs more than its line.

const PATHS = {
  overview: 'M4 13h6V4H4v9Zm0 7h6v-4H4v4Zm10 0h6v-9h-6v9Zm0-16v4h6V4h-6Z',
  contacts:
    'M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 9a7 7 0 0 1 14 0M16 3.5a4 4 0 0 1 0 7.4M18.5 14a7 7 0 0 1 3.5 6',
  categories: 'M3 11V4a1 1 0 0 1 1-1h7l10 10-8 8L3 11Zm4.5-3.5h.01',
  campaigns: 'M4 10v4h3l7 4V6l-7 4H4Zm13-1a4 4 0 0 1 0 6M8 14v5h3v-3.4',
  messages: 'M4 5h16v11H9l-5 4V5Zm4 4h8m-8 3h5',
  monitoring: 'M3 12h4l3-8 4 16 3-8h4',
  senders: 'M8 2h8a1 1 0 0 1 1 1v18a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1Zm3 17h2',
  settings:
    'M4 7h9m5 0h2M4 17h2m5 0h9M15.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm-7 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  users: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 8a8 8 0 0 1 16 0',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'm6 6 12 12M18 6 6 18',
  check: 'm5 13 4.5 4.5L19 7',
  plus: 'M12 5v14M5 12h14',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 5 5',
  more: 'M5.4 12a.4.4 0 1 1-.8 0 .4.4 0 0 1 .8 0Zm7 0a.4.4 0 1 1-.8 0 .4.4 0 0 1 .8 0Zm7 0a.4.4 0 1 1-.8 0 .4.4 0 0 1 .8 0Z',
  chevron: 'm6 9 6 6 6-6',
  arrow: 'M5 12h14m-6-6 6 6-6 6',
  warning: 'M12 3 2 20h20L12 3Zm0 7v4m0 3h.01',
  error: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-13v5m0 3h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5m0-8h.01',
  refresh: 'M20 5v5h-5m4.6 0A8 8 0 1 0 20 14',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2m9-9h-2M5 12H3m15.4-6.4L17 7M7 17l-1.4 1.4m12.8 0L17 17M7 7 5.6 5.6',
  moon: 'M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5Z',
  language: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-9-9h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4m-4-4h10',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.5v15l12-7.5-12-7.5Z',
  stop: 'M6 6h12v12H6V6Z',
  edit: 'm4 20 1-4L16.5 4.5l3 3L8 19l-4 1Z',
  trash: 'M4 7h16M9 7V4h6v3m-8 0 1 13h8l1-13',
  copy: 'M9 9h11v11H9V9Zm-4 6H4V4h11v1',
  download: 'M12 4v11m-5-5 5 5 5-5M4 20h16',
  upload: 'M12 15V4M7 9l5-5 5 5M4 20h16',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2',
  send: 'm3 11 18-8-8 18-2.5-7.5L3 11Z',
  external: 'M14 4h6v6m0-6-9 9m-1-8H5v14h14v-5',
  filter: 'M4 5h16l-6 8v6l-4-2v-4L4 5Z',
} as const;

export type IconName = keyof typeof PATHS;

/** Always beside words, or inside of something that has a label of its own. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
