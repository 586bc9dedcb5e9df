/** Colour maps for grey images: a few that people know, as colours at shares of the window. */

export type ColourMapName = 'grey' | 'hot-iron' | 'inferno' | 'viridis' | 'rainbow' | 'blue-red';

export interface ColourMap {
  name: ColourMapName;
  title: string;
  /** Share of the window, 0 to 1, and the colour there as #rrggbb. */
  stops: readonly (readonly [number, string])[];
}

const even = (...colours: string[]): [number, string][] =>
  colours.map((colour, place) => [place / (colours.length - 1), colour]);

export const COLOUR_MAPS: readonly ColourMap[] = [
  { name: 'grey', title: 'Grey', stops: even('#000000', '#ffffff') },
  {
    // The well-known palette of PS3.6 B.1.1.
    name: 'hot-iron',
    title: 'Hot iron',
    stops: [
      [0, '#000000'],
      [0.5, '#ff0000'],
      [0.75, '#ff8000'],
      [1, '#ffffff'],
    ],
  },
  {
    name: 'inferno',
    title: 'Inferno',
    stops: even('#000004', '#320a5e', '#781c6d', '#bc3754', '#ed6925', '#fbb61a', '#fcffa4'),
  },
  {
    name: 'viridis',
    title: 'Viridis',
    stops: even('#440154', '#443983', '#31688e', '#21918c', '#35b779', '#90d743', '#fde725'),
  },
  {
    name: 'rainbow',
    title: 'Rainbow',
    stops: even('#000080', '#0000ff', '#00ffff', '#80ff80', '#ffff00', '#ff0000', '#800000'),
  },
  { name: 'blue-red', title: 'Blue to red', stops: even('#3b4cc0', '#dddddd', '#b40426') },
];

/** The name under which the renderer knows a map; its own maps have other names. */
export const rendererName = (name: ColourMapName): string => `hounsfield ${name}`;

/** The map of a name of the renderer; grey where it is none of ours. */
export function colourMapOf(renderer: string | undefined): ColourMapName {
  return COLOUR_MAPS.find(({ name }) => rendererName(name) === renderer)?.name ?? 'grey';
}

export const titleOf = (name: ColourMapName): string =>
  COLOUR_MAPS.find((map) => map.name === name)?.title ?? '';

/** Quadruples of share, red, green and blue, each 0 to 1. */
export function rgbPoints({ stops }: ColourMap): number[] {
  return stops.flatMap(([share, colour]) => [
    share,
    ...[1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16) / 255),
  ]);
}

export const cssGradient = ({ stops }: ColourMap): string =>
  `linear-gradient(to right, ${stops.map(([share, colour]) => `${colour} ${share * 100}%`).join(', ')})`;
