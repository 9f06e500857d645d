// What this browser remembers of its user. Without storage (private windows) it forgets, and nothing else happens.

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`relance.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`relance.${name}`);
    else localStorage.setItem(`relance.${name}`, value);
  } catch {
    // It forgets.
  }
}

/** Where a file waits that was chosen and not sent yet. */
export const FILES_DATABASE = 'relance';
