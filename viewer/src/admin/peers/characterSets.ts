/** The character sets that a broken peer may mean (defined terms of PS3.3 C.12.1.1.2). */
export const CHARACTER_SETS: { value: string; label: string }[] = [
  { value: 'ISO_IR 100', label: 'Latin 1, Western Europe (ISO_IR 100)' },
  { value: 'ISO_IR 101', label: 'Latin 2, Central Europe (ISO_IR 101)' },
  { value: 'ISO_IR 109', label: 'Latin 3, Southern Europe (ISO_IR 109)' },
  { value: 'ISO_IR 110', label: 'Latin 4, Northern Europe (ISO_IR 110)' },
  { value: 'ISO_IR 203', label: 'Latin 9, with the euro sign (ISO_IR 203)' },
  { value: 'ISO_IR 148', label: 'Latin 5, Turkish (ISO_IR 148)' },
  { value: 'ISO_IR 144', label: 'Cyrillic (ISO_IR 144)' },
  { value: 'ISO_IR 126', label: 'Greek (ISO_IR 126)' },
  { value: 'ISO_IR 127', label: 'Arabic (ISO_IR 127)' },
  { value: 'ISO_IR 138', label: 'Hebrew (ISO_IR 138)' },
  { value: 'ISO_IR 166', label: 'Thai (ISO_IR 166)' },
  { value: 'ISO_IR 13', label: 'Japanese, katakana (ISO_IR 13)' },
  { value: 'ISO_IR 192', label: 'Unicode, UTF-8 (ISO_IR 192)' },
  { value: 'GB18030', label: 'Chinese (GB18030)' },
  { value: 'GBK', label: 'Chinese (GBK)' },
];
