/** A series dragged from the list into a cell; files dragged from outside carry other types. */
const TYPE = 'application/x-hounsfield-series';

export function startDrag(transfer: DataTransfer, seriesInstanceUid: string): void {
  transfer.setData(TYPE, seriesInstanceUid);
  transfer.effectAllowed = 'copy';
}

export const hasSeries = (transfer: DataTransfer): boolean => transfer.types.includes(TYPE);

export const seriesOfDrop = (transfer: DataTransfer): string => transfer.getData(TYPE);
