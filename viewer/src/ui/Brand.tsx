export function BrandMark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#0c2a33" />
      <path d="M9 7v18M23 7v18" stroke="#e8f6f8" strokeWidth="3.4" strokeLinecap="round" />
      <path
        d="M9 16h4.2l1.6-3.4 2.4 6.8 1.6-3.4H23"
        fill="none"
        stroke="#3fd0d4"
        strokeWidth="2.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
