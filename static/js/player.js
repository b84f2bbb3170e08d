// The time cursor goes both ways: the player moves it, a point or a frame moves the player.
export function connectPlayer(root) {
  const player = root.querySelector("[data-player]");
  if (!player) return;
  const targets = [...root.querySelectorAll("[data-seek]")];
  const cursors = [...root.querySelectorAll("[data-cursor]")];

  function show() {
    const share = player.duration ? `${(100 * player.currentTime) / player.duration}%` : "0%";
    for (const cursor of cursors) {
      cursor.setAttribute("x1", share);
      cursor.setAttribute("x2", share);
      cursor.setAttribute("visibility", "visible");
    }
    const passed = targets.map((target) => Number(target.dataset.seek)).filter((time) => time <= player.currentTime + 0.05);
    const here = Math.max(...passed);
    for (const target of targets) {
      const isHere = Number(target.dataset.seek) === here;
      (target.closest("li") ?? target).toggleAttribute("data-here", isHere);
    }
  }

  for (const target of targets) {
    target.addEventListener("click", (event) => {
      event.preventDefault();
      player.currentTime = Number(target.dataset.seek);
      player.scrollIntoView({ block: "nearest" });
    });
  }
  player.addEventListener("timeupdate", show);
  player.addEventListener("seeking", show);
}
