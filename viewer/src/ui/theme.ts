/** Colours and sizes of the app: near-black neutrals that leave the images their contrast. */
import { createTheme, type MantineColorsTuple } from '@mantine/core';

const signal: MantineColorsTuple = [
  '#e3fafa',
  '#c9f1f2',
  '#9be2e5',
  '#67d0d5',
  '#3ac0c7',
  '#1fb0b8',
  '#0f98a1',
  '#087b83',
  '#06636a',
  '#044c52',
];

const dark: MantineColorsTuple = [
  '#d9dee5',
  '#b3bcc7',
  '#97a2b0',
  '#6b7685',
  '#3b4552',
  '#2b333e',
  '#1e252e',
  '#151a21',
  '#0e1217',
  '#080a0e',
];

export const theme = createTheme({
  primaryColor: 'signal',
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  luminanceThreshold: 0.3,
  colors: { signal, dark },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  fontFamily:
    'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '600' },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.9375rem' },
  components: {
    Tooltip: {
      defaultProps: {
        openDelay: 350,
        withArrow: true,
        events: { hover: true, focus: true, touch: false },
      },
    },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.6, blur: 2 } } },
  },
});
