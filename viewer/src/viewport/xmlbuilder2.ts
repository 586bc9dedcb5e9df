/** Stands in for xmlbuilder2, which vtk.js imports for XML readers that this app never calls. */
export function create(): never {
  throw new Error('XML documents are not supported');
}

export const fragment = create;
export const convert = create;
