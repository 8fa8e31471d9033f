/* progress.c - the layout and the averages of tqdm [tqdm 4.66, std.py: format_meter, EMA]. */
#include "progress.h"
#include "text_width.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_LEAST = 4, BAR_ROOM = 4096, LINE_ROOM = 4096 };
static const double redraw_s = 0.1, smoothing = 0.3;

/* ---- The line ---- */

/* 01:21, or 1:01:21; ? when unknown. */
static void format_time(double seconds, char out[32])
{
    long long s = seconds >= 0 && seconds < 1e12 ? (long long)(seconds + 0.5) : -1;
    if (s < 0)
        snprintf(out, 32, "?");
    else if (s < 3600)
        snprintf(out, 32, "%02lld:%02lld", s / 60, s % 60);
    else
        snprintf(out, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

static void format_rate(double images_per_s, char out[32])
{
    if (images_per_s < 0)
        snprintf(out, 32, "? img/s");
    else
        snprintf(out, 32, images_per_s < 10 ? "%.2f img/s" : "%.0f img/s", images_per_s);
}

static void format_behind(const ProgressView *v, char *out, size_t room)
{
    char elapsed[32], left[32], rate[32];
    format_time(v->elapsed_s, elapsed);
    format_time(v->left_s, left);
    format_rate(v->images_per_s, rate);
    const char *notes = v->notes ? v->notes : "";
    snprintf(out, room, "%" PRId64 "/%" PRId64 " [%s<%s, %s%s%s]", v->done, v->total, elapsed, left, rate, *notes ? ", " : "", notes);
}

static double share(const ProgressView *v)
{
    double s = v->total > 0 ? (double)v->done / (double)v->total : 0;
    return s > 1 ? 1 : s;
}

/* `width` columns: full blocks, one of eighths, spaces. */
static void format_bar(const ProgressView *v, int width, char *out)
{
    int parts = v->blocks ? 8 : 1, filled = (int)(share(v) * width * parts + 1e-9), at = 0;
    for (int i = 0; i < width; i++) {
        int eighths = filled - i * parts;
        if (eighths <= 0)
            out[at++] = ' ';
        else if (!v->blocks)
            out[at++] = '#';
        else /* U+2588 is eight eighths, U+258F one */
            at += sprintf(out + at, "\xe2\x96%c", 0x88 + (eighths < 8 ? 8 - eighths : 0));
    }
    out[at] = 0;
}

void progress_format(const ProgressView *v, char *out, size_t room)
{
    char head[512], behind[1024], bar[BAR_ROOM], line[LINE_ROOM + BAR_ROOM];
    int filled;
    snprintf(head, sizeof head, "%s: %3d%%", v->label, (int)(100 * share(v) + 1e-9));
    format_behind(v, behind, sizeof behind);
    int width = v->width - text_width(head) - text_width(behind) - 3;
    width = width > BAR_ROOM / 3 - 1 ? BAR_ROOM / 3 - 1 : width;
    if (width >= BAR_LEAST)
        format_bar(v, width, bar);
    snprintf(line, sizeof line, "%s%s%s%s%s", head, width >= BAR_LEAST ? "|" : " ", width >= BAR_LEAST ? bar : "",
             width >= BAR_LEAST ? "| " : "", behind);
    int n = text_fit(line, v->width ? v->width : LINE_ROOM, &filled);
    while ((size_t)n > room - 1)
        for (n--; (line[n] & 0xc0) == 0x80;)
            n--;
    memcpy(out, line, (size_t)n);
    out[n] = 0;
}

/* ---- The terminal ---- */

static double monotonic_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The first of the variables that is set says the character set; setlocale is the program's business. */
static bool is_utf8(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (int i = 0; i < 3; i++) {
        const char *s = getenv(names[i]);
        if (s && *s)
            return strcasestr(s, "utf-8") || strcasestr(s, "utf8");
    }
    return false;
}

static int terminal_width(FILE *f)
{
    struct winsize size;
    if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *s = getenv("COLUMNS");
    int columns = s ? atoi(s) : 0;
    return columns > 0 ? columns : 80;
}

static void draw(Progress *p, double left_s, double images_per_s, const char *notes)
{
    char line[LINE_ROOM];
    ProgressView v = { p->label, p->done, p->total, p->clock_s() - p->begun_s, left_s, images_per_s, notes,
                       p->terminal ? terminal_width(p->file) : 0, p->blocks };
    progress_format(&v, line, sizeof line);
    fprintf(p->file, p->terminal ? "\r%s\x1b[K" : "%s\n", line);
    fflush(p->file);
    p->drawn = p->terminal;
}

/* ---- Averages ---- */

/* Exponential averages of what the interval brought; begun at nothing, which cancels in their quotients. */
static void take_in(Progress *p, double now)
{
    p->steps_ema += smoothing * ((double)(p->done - p->drawn_done) - p->steps_ema);
    p->images_ema += smoothing * ((double)(p->images - p->drawn_images) - p->images_ema);
    p->seconds_ema += smoothing * (now - p->drawn_s - p->seconds_ema);
    p->drawn_s = now;
    p->drawn_done = p->done;
    p->drawn_images = p->images;
}

void progress_begin(Progress *p, FILE *file, const char *label, int64_t total, int every)
{
    *p = (Progress){ .file = file, .label = label, .total = total, .every = every > 0 ? every : 1, .clock_s = monotonic_s };
    const char *kind = getenv("TERM");
    p->terminal = isatty(fileno(file)) && !(kind && strcmp(kind, "dumb") == 0);
    p->blocks = p->terminal && is_utf8();
    p->begun_s = p->drawn_s = p->clock_s();
}

void progress_step(Progress *p, int images, const char *notes)
{
    double now = p->clock_s();
    p->done++;
    p->images += images;
    bool plain = p->done % p->every == 0 && p->done < p->total; /* progress_end writes the last one */
    if (p->terminal ? now - p->drawn_s < redraw_s : !plain)
        return;
    take_in(p, now);
    double left = p->steps_ema > 0 ? (double)(p->total - p->done) * p->seconds_ema / p->steps_ema : -1;
    draw(p, left, p->seconds_ema > 0 ? p->images_ema / p->seconds_ema : -1, notes);
}

void progress_wipe(Progress *p)
{
    if (p->drawn) {
        fputs("\r\x1b[K", p->file);
        fflush(p->file);
    }
    p->drawn = false;
}

void progress_end(Progress *p, const char *notes)
{
    double elapsed = p->clock_s() - p->begun_s;
    draw(p, 0, elapsed > 0 ? (double)p->images / elapsed : -1, notes);
    if (p->terminal)
        fputc('\n', p->file);
    p->drawn = false;
}
