// Parts that look again by themselves are morphed, not replaced: what is open, ticked, typed, selected or
// has the focus stays as it is. Everything that is asked for by an event of ours (poll-1s and its like, or one
// that the server names) comes through here; what a person asks for is swapped as its template says.

(() => {
  const isOurs = (event) => event instanceof CustomEvent;
  const isTouchedSelect = (select) => {
    const options = [...select.options];
    const drawn = options.filter((one) => one.defaultSelected);
    if (!drawn.length && !select.multiple) drawn.push(options[0]);
    return options.some((one) => one.selected !== drawn.includes(one));
  };
  const touchedSelects = new WeakSet();
  // By attribute: whether it says what a person did, and stays.
  const isTheirs = {
    open: (node) => node.matches("details, dialog"),
    checked: (node) => node.checked !== node.defaultChecked,
    selected: (node) => touchedSelects.has(node.closest("select")),
    value: (node) => "defaultValue" in node && node.value !== node.defaultValue,
    disabled: (node) => "wasSent" in node.dataset,
    "data-sent": () => true, // a form on its way
    "data-was-sent": () => true,
    "data-left": () => true,
  };
  const callbacks = {
    beforeNodeMorphed: (node) => {
      if (!(node instanceof Element)) return true;
      if (node.matches("select")) touchedSelects[isTouchedSelect(node) ? "add" : "delete"](node);
      return !("copied" in node.dataset); // says so for a moment
    },
    beforeAttributeUpdated: (name, node) => !isTheirs[name]?.(node),
  };

  window.htmx.defineExtension("morphing", {
    onEvent: (name, event) => {
      if (name !== "htmx:beforeSwap") return true;
      const { elt, requestConfig, swapOverride } = event.detail;
      const style = elt.getAttribute("hx-swap") ?? "";
      if (!swapOverride && style.startsWith("outerHTML") && isOurs(requestConfig.triggeringEvent)) {
        event.detail.swapOverride = "morph";
      }
      return true;
    },
    isInlineSwap: (style) => style === "morph",
    handleSwap: (style, target, fragment) => {
      if (style !== "morph") return false;
      document.dispatchEvent(new CustomEvent("desk:drawn", { detail: fragment }));
      window.Idiomorph.morph(target, fragment.children, { morphStyle: "outerHTML", callbacks });
      window.htmx.process(target);
      return []; // what htmx is handed here takes the focus by `autofocus`
    },
  });
})();
