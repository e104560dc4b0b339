// One listener per component: every button says in data-act what it wants, and carries its values beside it.
// The names that may be asked for are quoted in the list that the page puts before this text.
const asId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

const confirmed = (button) => {
  if (!button.dataset.confirm || button.classList.contains("is-armed")) return true;
  const before = button.innerHTML;
  button.classList.add("is-armed");
  button.textContent = button.dataset.confirm;
  setTimeout(() => {
    if (button.isConnected) {
      button.classList.remove("is-armed");
      button.innerHTML = before;
    }
  }, 3500);
  return false;
};

const editTitle = (button) => {
  const name = button.closest(".rp-row").querySelector(".rp-name");
  const field = document.createElement("input");
  field.className = "rp-rename";
  field.value = name.textContent;
  field.maxLength = 80;
  field.setAttribute("aria-label", "New title");
  const pick = name.closest(".rp-pick");
  pick.hidden = true;
  pick.before(field);
  field.focus();
  field.select();
  let closed = false; // removing the field blurs it, which closes it once more
  const close = (save) => {
    if (closed) return;
    closed = true;
    const title = field.value;
    field.remove();
    pick.hidden = false;
    if (save && title.trim() && title !== name.textContent) {
      name.textContent = title;
      trigger("rename", { conversation: button.dataset.conversation, title });
    }
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") close(true);
    if (event.key === "Escape") close(false);
  });
  field.addEventListener("blur", () => close(true));
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button || button.disabled) return;
  const { act, confirm, ...values } = button.dataset;
  if (act === "edit-title") return editTitle(button);
  if (!confirmed(button)) return;
  if (act === "judge") {
    const group = button.closest(".rp-acts");
    const pressed = button.getAttribute("aria-pressed") === "true";
    group.querySelectorAll("[aria-pressed]").forEach((one) => one.setAttribute("aria-pressed", "false"));
    button.setAttribute("aria-pressed", String(!pressed));
  }
  if (act === "pick" || act === "create") document.body.classList.remove("rp-drawer-open");
  if (ACTS.includes(act)) trigger(act, { ...values, id: asId() });
});

element.addEventListener("change", (event) => {
  const field = event.target.closest("[data-act]");
  if (!field || !["amend", "amend-note"].includes(field.dataset.act)) return;
  const key = field.dataset.act === "amend" ? "kind" : "note";
  trigger("amend", { preference: field.dataset.preference, [key]: field.value });
});

// The address names the conversation, so that a reload or a bookmark finds it again.
const follow = () => {
  const turns = element.querySelector(".rp-turns");
  if (!turns) return;
  const id = turns.dataset.conversation;
  const wanted = id ? "?c=" + encodeURIComponent(id) : location.pathname;
  if (location.search !== (id ? wanted : "")) history.replaceState(null, "", wanted);
};

// A new question goes to the top of the window, where its answer can be read as it grows; another
// conversation opens at its end.
let lastConversation = null;
let lastTurn = null;
const place = () => {
  const sections = document.querySelectorAll("#rp-transcript .rp-turn, #rp-live .rp-turn");
  const newest = sections[sections.length - 1];
  const turns = document.querySelector("#rp-transcript .rp-turns");
  const conversation = turns ? turns.dataset.conversation : "";
  const turn = newest ? newest.dataset.turn : "";
  if (!newest && lastTurn) window.scrollTo(0, 0);
  if (newest && turn !== lastTurn) {
    newest.scrollIntoView({ block: "start", behavior: lastTurn === null || conversation !== lastConversation ? "auto" : "smooth" });
  }
  lastTurn = turn;
  lastConversation = conversation;
};

new MutationObserver(() => { follow(); place(); }).observe(element, { childList: true, subtree: true });
follow();
