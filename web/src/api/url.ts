// Addresses of the API, and the keys under which their answers are kept: an address cut at its slashes. So whatever
// lies below a part can be forgotten by naming the part: ['campaigns'] is every list, every campaign, and all of each.

type Value = string | number | boolean | null | undefined;

export interface Place {
  readonly path?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, Value | readonly Value[]>> | undefined;
}

export function urlOf(template: string, { path, query }: Place = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path?.[name] ?? ''));
  const search = new URLSearchParams();
  for (const name of Object.keys(query ?? {}).sort()) {
    const values = [query?.[name]].flat();
    for (const value of values)
      if (value !== undefined && value !== null && value !== '') search.append(name, String(value));
  }
  return search.size ? `${filled}?${search}` : filled;
}

export function keyOf(url: string): readonly string[] {
  const [path = '', search] = url.split('?');
  const parts = path.replace(/^\/api\//, '').split('/');
  return search ? [...parts, `?${search}`] : parts;
}
