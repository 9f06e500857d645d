// What the OpenAPI document says about each route, as types: which parameters and body it takes, and what it answers.

import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

type Operations<M extends Method> = {
  [P in keyof paths]: paths[P] extends Readonly<Record<M, infer O extends object>> ? O : never;
};
type Known<M extends Method> = {
  [P in keyof paths]: Operations<M>[P] extends never ? never : P;
}[keyof paths];

/** The paths that know this method. */
export type Path<M extends Method> = Known<M>;

type Operation<M extends Method, P extends Path<M>> = Operations<M>[P];
type Member<T, K extends string> = T extends { readonly [Name in K]?: infer V } ? V : never;
type Given<T> = Exclude<T, undefined>;
type Parameters<M extends Method, P extends Path<M>> = Member<Operation<M, P>, 'parameters'>;

type PathPart<M extends Method, P extends Path<M>> = [Given<Member<Parameters<M, P>, 'path'>>] extends [never]
  ? { readonly path?: undefined }
  : { readonly path: Given<Member<Parameters<M, P>, 'path'>> };

type QueryPart<M extends Method, P extends Path<M>> = [Given<Member<Parameters<M, P>, 'query'>>] extends [never]
  ? { readonly query?: undefined }
  : { readonly query?: Optional<Given<Member<Parameters<M, P>, 'query'>>> };

/** With exact optional types, `undefined` has to be allowed by name: a filter that is not set is left out. */
type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

type Content<T> = T extends { content: { readonly 'application/json': infer B } } ? B : never;
type BodyPart<M extends Method, P extends Path<M>> = [
  Content<Given<Member<Operation<M, P>, 'requestBody'>>>,
] extends [never]
  ? { readonly body?: undefined }
  : { readonly body: Content<Given<Member<Operation<M, P>, 'requestBody'>>> };

export type Input<M extends Method, P extends Path<M>> = PathPart<M, P> & QueryPart<M, P> & BodyPart<M, P>;

type Responses<M extends Method, P extends Path<M>> = Member<Operation<M, P>, 'responses'>;
type Good<R> = R extends object
  ? { [S in keyof R]: S extends 200 | 201 | 202 ? Content<R[S]> : never }[keyof R]
  : never;

/** What the route answers when all goes well; `undefined` where there is nothing to say (204). */
export type Answer<M extends Method, P extends Path<M>> = [Good<Responses<M, P>>] extends [never]
  ? undefined
  : Good<Responses<M, P>>;

/** The paths whose answer is a page of a list. */
export type ListPath = {
  [P in Path<'get'>]: Answer<'get', P> extends {
    readonly items: readonly unknown[];
    readonly next_cursor: string | null;
  }
    ? P
    : never;
}[Path<'get'>];

export type Item<P extends ListPath> =
  Answer<'get', P> extends { readonly items: readonly (infer I)[] } ? I : never;
