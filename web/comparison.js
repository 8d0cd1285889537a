// Two pictures of one size, one over the other, with a line between them that can be moved.

const get = (id) => document.getElementById(id);

export class Comparison {
  constructor() {
    this.share = 0.5; // of the visible width, left of the line
    this.follow(get("divider"), (event) => {
      const { left, width } = get("stage").getBoundingClientRect();
      this.split((event.clientX - left) / width);
    });
    this.follow(get("scroll"), (event) => {
      if (event.pointerType === "mouse") get("scroll").scrollBy(-event.movementX, -event.movementY);
    });
    get("divider").addEventListener("keydown", ({ key }) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[key];
      if (step) this.split(this.share + step);
    });
    get("fit").addEventListener("change", () => this.size());
    get("scroll").addEventListener("scroll", () => this.split());
    window.addEventListener("resize", () => this.size());
  }

  /** Calls a function while a pointer is held down on an element and moves. */
  follow(element, move) {
    element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  /**
   * @param original ImageBitmap, enlarged here by the browser's bicubic interpolation.
   * @param result ImageData.
   * @param name of what made the result.
   */
  show(original, result, name) {
    for (const canvas of [get("before"), get("after")]) {
      canvas.width = result.width;
      canvas.height = result.height;
    }
    const context = get("before").getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white";
    context.fillRect(0, 0, result.width, result.height);
    context.drawImage(original, 0, 0, result.width, result.height);
    get("after").getContext("2d").putImageData(result, 0, 0);
    get("right").textContent = name;
    this.share = 0.5;
    this.size();
    const scroll = get("scroll");
    scroll.scrollTo(
      (scroll.scrollWidth - scroll.clientWidth) / 2, (scroll.scrollHeight - scroll.clientHeight) / 2,
    );
  }

  /** One pixel of the result to one of the screen's, or the whole picture in the window. */
  size() {
    const { width, height } = get("after"), fit = get("fit").checked;
    const most = get("view").clientWidth, high = parseFloat(getComputedStyle(get("scroll")).maxHeight);
    let wide = width / window.devicePixelRatio;
    if (fit) wide = Math.min(wide, most, (high * width) / height);
    for (const canvas of [get("before"), get("after")]) canvas.style.width = `${wide}px`;
    get("scroll").classList.toggle("fit", fit);
    this.split();
  }

  /** Moves the line to a share of what is visible; without one, the picture has moved under it. */
  split(share = this.share) {
    this.share = Math.min(Math.max(share, 0), 1);
    const { clientWidth, scrollLeft } = get("scroll"), line = this.share * clientWidth;
    get("divider").style.left = `${line}px`;
    get("divider").setAttribute("aria-valuenow", Math.round(100 * this.share));
    get("after").style.clipPath = `inset(0 0 0 ${scrollLeft + line}px)`;
  }

  /** The result as a file. */
  async png() {
    const blob = await new Promise((resolve) => get("after").toBlob(resolve));
    if (!blob) throw new Error("the browser has no memory left to save the picture");
    return blob;
  }
}
