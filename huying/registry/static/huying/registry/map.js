// The list beside the map: what stands in its window, with the same number as the list that it opens.
const part = (name) => document.querySelector(`[data-window-${name}]`);
const words = part("words").dataset;

function row(item) {
  const node = document.createElement("li"), link = document.createElement("a"), note = document.createElement("span");
  link.href = item.url;
  link.textContent = item.title;
  note.className = "soft small";
  note.textContent = ` ${item.register} ${item.code}`;
  node.append(link, note);
  return node;
}

document.addEventListener("clusters-shown", ({ detail }) => {
  part("total").textContent = words.total.replace("%s", detail.total.toLocaleString());
  part("items").replaceChildren(...detail.items.map(row));
  part("many").hidden = detail.total <= detail.items.length;
  part("none").hidden = detail.total > 0;
  part("list").href = detail.list_url;
  part("list").hidden = detail.total === 0;
});
