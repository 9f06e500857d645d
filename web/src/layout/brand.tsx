export function Brand() {
  return (
    <div className="brand">
      <svg className="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4 12a8 8 0 0 1 13.7-5.6L20 4v6.5h-6.5l2.4-2.4A5.5 5.5 0 1 0 17.5 12H20a8 8 0 1 1-16 0Z" />
      </svg>
      Relance
    </div>
  );
}
