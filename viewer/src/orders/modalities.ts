/** The kinds of scanners that are scheduled most (PS3.3 C.7.3.1.1.1). */
export const MODALITIES = ['CT', 'MR', 'US', 'DX', 'CR', 'MG', 'XA', 'RF', 'NM', 'PT', 'ES', 'OT'];
