// Whatever went wrong with a request, in one shape.

export interface FieldError {
  readonly field: string;
  readonly reason: string;
}

/** How a request failed: the API said so, it took too long, or nobody was reached. */
export type ProblemKind = 'answer' | 'timeout' | 'network';

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly kind: ProblemKind,
    /** The HTTP status; 0 without an answer. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly fields: readonly FieldError[] = [],
    /** The rest of the problem document, such as `retry_after_s` or `missing`. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
  }

  /** Whether the same request may well succeed in a moment. */
  get isPassing(): boolean {
    return this.kind !== 'answer' || this.status >= 500 || this.status === 429;
  }

  /** What is wrong with one field of the body, such as `phone`. */
  of(field: string): string | undefined {
    return this.fields.find((each) => each.field === field)?.reason;
  }
}

export function problemOf(status: number, document: unknown): ApiProblem {
  const found = isRecord(document) ? document : {};
  const { title, detail, errors, ...more } = found;
  return new ApiProblem(
    'answer',
    status,
    typeof title === 'string' ? title : `HTTP ${status}`,
    typeof detail === 'string' ? detail : '',
    Array.isArray(errors) ? errors.filter(isFieldError).map(withoutPlace) : [],
    more,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value['field'] === 'string' && typeof value['reason'] === 'string';
}

/** `body.phone` is the field `phone` of a form. */
function withoutPlace({ field, reason }: FieldError): FieldError {
  return { field: field.replace(/^(body|query|path)\./, ''), reason };
}
