import type { Contact, ContactValues, FullContact } from './contact';
import type { Chosen } from './use-selection';

/** Which dialog is open, and about whom. */
export type Opened =
  /** Without a contact: a new one. `values` and `problem`: what was refused. */
  | {
      readonly kind: 'form';
      readonly contactId?: string;
      readonly values?: ContactValues;
      readonly problem?: unknown;
    }
  | { readonly kind: 'category'; readonly whom: Chosen; readonly add: boolean }
  | { readonly kind: 'check'; readonly whom: Chosen }
  | { readonly kind: 'optOut'; readonly whom: Chosen; readonly contact?: Who }
  | { readonly kind: 'remove'; readonly whom: Chosen; readonly contact?: Who }
  /** A number for the opt-out list. */
  | { readonly kind: 'suppress' };

export type Open = (opened: Opened | null) => void;

export type Who = Pick<Contact | FullContact, 'id' | 'name' | 'phone'>;
