import { useEffect } from 'react';
import { useSearchParams } from 'react-router';

const REST_MS = 500;

/** The 0-based index of the image that the URL names; undefined when it names none. */
export function indexInUrl(search: URLSearchParams): number | undefined {
  const image = Number(search.get('image'));
  return Number.isInteger(image) && image > 0 ? image - 1 : undefined;
}

/** Keep the image in the URL once scrolling rests, so that a reload or a link comes back to it. */
export function useImageInUrl(index: number | undefined): void {
  const [, setSearch] = useSearchParams();
  useEffect(() => {
    if (index === undefined) return undefined;
    const timer = window.setTimeout(() => {
      setSearch(
        (previous) => {
          const next = new URLSearchParams(previous);
          next.set('image', String(index + 1));
          return next;
        },
        { replace: true },
      );
    }, REST_MS);
    return () => window.clearTimeout(timer);
  }, [index, setSearch]);
}
