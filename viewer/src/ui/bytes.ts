const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** A size as people say it: "812 KB", "1.4 GB"; powers of ten, as disks are sold. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${Number(size.toFixed(digits))} ${UNITS[unit]}`;
}

/** A count with thousands set apart: "12,345". */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** "1 image", "12 images". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
