(() => { // What the page does in the browser: lights photos up, goes on from words, copies texts, waits for a pause in typing, points out pairs of sentences and of words.
  // Lights the photo up where the model looked: a copy of it lies over the darkened one, cut out by the word's map.
  function light(word) {
    const view = word.closest(".captioned"), figure = view.querySelector(".looked"), note = view.querySelector("figcaption");
    const on = word.getAttribute("aria-pressed") !== "true";
    for (const other of view.querySelectorAll(".words button")) other.setAttribute("aria-pressed", "false");
    figure.querySelector(".light")?.remove();
    figure.classList.toggle("lit", on);
    note.textContent = on ? word.dataset.note : note.dataset.idle;
    if (!on) return;
    word.setAttribute("aria-pressed", "true");
    const photo = figure.querySelector("img"), lit = photo.cloneNode();
    lit.className = "light";
    lit.alt = "";
    lit.style.height = `${photo.clientHeight}px`;
    fit(lit, photo, word.dataset.light);
    photo.after(lit);
  }

  // The map belongs to the photo alone, not to the bars beside it where it does not fill its place.
  function fit(lit, photo, map) {
    const scale = Math.min(photo.clientWidth / photo.naturalWidth, photo.clientHeight / photo.naturalHeight);
    lit.style.maskImage = lit.style.webkitMaskImage = `url(${map})`;
    lit.style.maskSize = lit.style.webkitMaskSize = `${photo.naturalWidth * scale}px ${photo.naturalHeight * scale}px`;
    lit.style.maskPosition = lit.style.webkitMaskPosition = "center";
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  // The text before the cursor, to the end of the word that it is in, is what a caption goes on from.
  window.captionerBeginning = values => {
    const box = document.querySelector("#begin input, #begin textarea"), at = box.selectionStart ?? box.value.length;
    return [box.value.slice(0, at) + box.value.slice(at).match(/^\S*/)[0], ...values.slice(1)];
  };

  // For what is translated while it is typed: waits for a pause. Of several that wait, only the last goes on, so that one pause is one request.
  let pause;
  window.captionerPause = () => new Promise(resolve => {
    clearTimeout(pause);
    pause = setTimeout(() => resolve([]), 500);
  });

  // Where languages are swapped, the translation becomes the text, if it is the one that is seen.
  window.captionerSwap = values => {
    const [text, model, count, source, target] = values;
    const answer = document.querySelector("#translation [data-question]"), best = answer?.querySelector(".best");
    return best && answer.dataset.question === text ? [best.textContent, model, count, source || answer.dataset.source, target] : values;
  };

  // A translation is hidden while another text stands in the box than the one that it answers.
  function checkAnswer() {
    const box = document.querySelector("#sentence textarea"), answer = document.querySelector("#translation [data-question]");
    if (box && answer) answer.style.visibility = answer.dataset.question === box.value ? "" : "hidden";
  }
  const answers = new MutationObserver(checkAnswer);
  document.addEventListener("input", event => {
    if (!event.target.matches?.("#sentence textarea")) return;
    answers.observe(document.querySelector("#translation"), { childList: true, subtree: true });
    checkAnswer();
  }, true);

  // Points out the row and the column of the cell, or of the word, under the mouse or the focus.
  function point(event) {
    const cell = event.target.closest?.(".matrix td, .matrix th"), table = cell?.closest("table");
    for (const marked of document.querySelectorAll(".matrix .pointed")) marked.classList.remove("pointed");
    if (!table) return;
    const column = cell.cellIndex, row = cell.parentElement, weight = cell.style.getPropertyValue("--weight");
    if (weight) cell.title = `“${row.cells[0].textContent}” ← “${table.rows[0].cells[column].textContent}”: ${Math.round(100 * weight)}% of the look`;
    if (row.parentElement.tagName === "TBODY") for (const other of row.cells) other.classList.add("pointed");
    if (column) for (const other of table.rows) other.cells[column]?.classList.add("pointed");
  }
  document.addEventListener("mouseover", point);

  // Lights a sentence up, in the translation and in the list below it, under the mouse or the focus.
  function pair(event) {
    const one = event.target.closest?.("#translation [data-pair]");
    for (const lit of document.querySelectorAll("#translation .lit")) lit.classList.remove("lit");
    if (one) for (const lit of document.querySelectorAll(`#translation [data-pair="${one.dataset.pair}"]`)) lit.classList.add("lit");
  }
  document.addEventListener("mouseover", pair);
  document.addEventListener("focusin", pair);

  document.addEventListener("click", event => {
    const word = event.target.closest?.(".words button"), button = event.target.closest?.(".copy");
    if (word) light(word);
    if (button) copy(button);
    const sentence = event.target.closest?.(".best [data-pair]");
    if (sentence) document.querySelector(`.pairs [data-pair="${sentence.dataset.pair}"]`).scrollIntoView({ block: "nearest" });
  });

  // Arrows go from word to word, as within a toolbar.
  document.addEventListener("keydown", event => {
    const word = event.target.closest?.(".words button"), step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!word || !step) return;
    const words = [...word.parentElement.children], next = words[words.indexOf(word) + step];
    if (next) { next.focus(); light(next); event.preventDefault(); }
  });
})();
