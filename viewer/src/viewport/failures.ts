/** Why an image could not be shown, in words for a person and with what the program said. */
import type { ImageFailure } from './imageQueue';

export function explainFailure(thrown: unknown): ImageFailure {
  const error = (thrown as { error?: unknown } | null)?.error ?? thrown;
  const status = statusOf(error);
  const detail = messageOf(error);
  if (status === 404 || status === 410) {
    return { reason: 'The archive does not have this image any more', detail };
  }
  if (status === 406 || status === 415) {
    return { reason: 'The archive cannot send this image in a form that browsers read', detail };
  }
  if (status !== undefined && status >= 500) {
    return { reason: 'The archive could not read this image', detail };
  }
  if (status === 0) {
    return {
      reason: 'The archive does not answer',
      detail: 'It is asked again until it does.',
      isUnreachable: true,
    };
  }
  if (/not loaded within/.test(detail)) {
    return { reason: 'This image took too long to load', detail };
  }
  if (/pixel data is shorter/.test(detail)) return { reason: 'This image is damaged', detail };
  if (/transfer syntax|no decoder/i.test(detail)) {
    return { reason: 'This kind of compression cannot be shown here', detail };
  }
  return { reason: 'This image could not be decoded', detail };
}

function statusOf(error: unknown): number | undefined {
  const { status, request } = (error ?? {}) as {
    status?: unknown;
    request?: { status?: unknown };
  };
  const code = status ?? request?.status;
  return typeof code === 'number' ? code : undefined;
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { request } = (error ?? {}) as { request?: unknown };
  const answer = error instanceof XMLHttpRequest ? error : request;
  if (answer instanceof XMLHttpRequest) {
    return answer.status ? `The answer was ${answer.status} ${answer.statusText}`.trim() : '';
  }
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
