const box = document.querySelector("input"), count = document.querySelector("output");
const cards = [...document.querySelectorAll("article")].map(card => [card, card.textContent.toLowerCase()]);
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/);
  for (const [card, text] of cards) card.hidden = !words.every(word => text.includes(word));
  count.textContent = `${cards.filter(([card]) => !card.hidden).length} of ${cards.length}`;
});
