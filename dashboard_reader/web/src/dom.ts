// What the panels share of the document: elements that index.html must have, and texts that are
// written only where they differ.

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

export function set_text(of: HTMLElement, value: string): void {
  if (of.textContent !== value) of.textContent = value;
}

/** A line that is there only while it says something. */
export function set_note(id: string, value: string): void {
  const note = element(id);
  set_text(note, value);
  set_hidden(note, value === '');
}

export function set_hidden(of: HTMLElement, hidden: boolean): void {
  if (of.hidden !== hidden) of.hidden = hidden;
}

export function set_data(of: HTMLElement, name: string, value: string): void {
  if (of.dataset[name] !== value) of.dataset[name] = value;
}

export function on_choice(name: string, chosen: (value: string) => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    // A browser may restore an old choice when the page is reloaded; the view starts afresh.
    input.checked = input.defaultChecked;
    input.addEventListener('change', () => {
      if (input.checked) chosen(input.value);
    });
  }
}
