//! `davy watch`: many looks with waiting, until there is an answer.
//!
//! [`crate::watch`] says when to look and when to end; here are the clock, the sources, the terminal, the recording and
//! the hooks. A canary is watched from the beginning of its window: as the configuration or `--from` says; else from the
//! next whole step on where the window would reach back from now, or services are asked; else from the first row of its
//! files. A recording that a watch keeps lets another one go on where it stood.

mod phases;
mod resume;
mod round;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::console::Console;
use super::course::{self, Probe};
use super::hooks::{self, Moment};
use super::interrupt::Interrupt;
use super::learn::{self, Lesson, Today};
use super::outlets::Outlets;
use super::pipeline::{self, Judged};
use super::places::Places;
use super::{Exit, Failure};
use crate::cli;
use crate::config::Options;
use crate::config::plan::Plan;
use crate::record;
use crate::report::document::PastLook;
use crate::report::{self, Document, Format, Live, Style};
use crate::series::Dataset;
use crate::watch::{self, End, Schedule, Taken, Trouble, World};
use resume::Resumed;
use round::Round;

/// How often the screen is looked at while nothing happens.
const ALERT: Duration = Duration::from_millis(200);

pub(super) fn run(console: &Console, arguments: cli::Watch) -> Result<Exit, Failure> {
    let path = arguments.config.clone().unwrap_or_else(|| PathBuf::from(record::CONFIG));
    if arguments.config.is_none() && !path.exists() {
        return Err(Failure::NoConfig { path, why: "it does not exist; name one".into() });
    }
    let loaded = pipeline::load(&path)?.told(console);
    let places = Places::new(Outlets::of(&arguments.output)?.paths(), phases::recordings(&arguments, &loaded.config))?;
    places.spare([super::border::file_of(&path).as_path()])?;
    let interrupt = Interrupt::listen();
    let round = Round { console, loaded: &loaded, arguments: &arguments, places: &places, interrupt: &interrupt };
    if arguments.all_phases {
        return phases::run(&round);
    }
    let phase = arguments.phase.as_deref();
    let from = arguments.from.or_else(|| loaded.config.begins(phase));
    let watched = round.watch(phase, from, arguments.record.as_deref())?;
    if let Some((judged, document)) = &watched.last {
        let mut document = document.clone();
        if pipeline::is_drawn(&arguments.output) {
            document.queries = pipeline::queries(&judged.plan);
        }
        let written = pipeline::answer(console, &document, &arguments.output);
        round.hooks(&watched);
        written?;
    }
    watched.exit(&arguments.exit)
}

/// What became of a watch.
struct Watched {
    /// The last look, if there was one, as it is kept: with those before it.
    last: Option<(Judged, Document)>,
    /// Whether it ended by itself.
    is_answered: bool,
}

impl Watched {
    fn exit(&self, wishes: &cli::Exit) -> Result<Exit, Failure> {
        match &self.last {
            Some((judged, _)) if self.is_answered => Ok(pipeline::exit(judged, wishes)),
            Some(_) => Ok(Exit::Interrupted),
            None => Err(Failure::Interrupted),
        }
    }
}

impl Round<'_> {
    /// Watches one phase.
    fn watch(&self, phase: Option<&str>, from: Option<Timestamp>, record: Option<&Path>) -> Result<Watched, Failure> {
        let config = &self.loaded.config;
        let now = Timestamp::now();
        let probe = self.plan(phase, Probe::before(from.unwrap_or(now)))?;
        pipeline::refuse_looks(&probe)?;
        let resumed = match record.filter(|_| self.arguments.resume) {
            Some(folder) => resume::read(folder, &probe.rules)?,
            None => None,
        };
        let schedule =
            course::of(config, phase, from, now, &probe)?.ok_or_else(|| Failure::Misused(course::HOW_LONG.into()))?;
        let is_known = from.is_some() || course::asks_services(&probe) || config.reaches_back(phase);
        let start = resumed.as_ref().map(|resumed| resumed.start).or(is_known.then_some(schedule.start));
        let Resumed { looks, last, .. } = resumed.unwrap_or(Resumed { start: now, looks: Vec::new(), last: None });
        let mut watching = Watching {
            round: self,
            phase,
            record,
            start,
            soak: schedule.soak,
            title: title(config.name(), phase.or(probe.rules.phase.as_deref())),
            has_begun: !looks.is_empty(),
            latest: None,
            kept: last,
            looks,
            next: None,
            trouble: None,
            lesson: None,
        };
        let ended = watching.through(probe, schedule);
        self.console.progress().board_over();
        let is_answered = match ended {
            End::Answered => true,
            End::Interrupted => false,
            End::Failed(failure) => return Err(failure),
        };
        Ok(Watched { last: watching.latest, is_answered })
    }

    /// Runs the hooks of an answer, where there is one. Whether all of them did what they should.
    fn hooks(&self, watched: &Watched) -> bool {
        let (true, Some((judged, document))) = (watched.is_answered, &watched.last) else {
            return true;
        };
        let (hooks, folder) = (&judged.plan.hooks, &self.loaded.folder);
        hooks::run(self.console, hooks, folder, Moment::Answer, document, self.interrupt)
    }

    fn plan(&self, phase: Option<&str>, probe: Probe) -> Result<Plan, Failure> {
        let Probe { from, to, now } = probe;
        let options = Options { folder: &self.loaded.folder, now, set: &self.arguments.set, phase, from, to };
        let plan = self.loaded.plan(&options)?;
        self.places.spare_sources(&plan.queries)?;
        Ok(learn::with_history(plan, self.arguments.history.as_deref()))
    }
}

fn title(name: &str, phase: Option<&str>) -> String {
    phase.map_or(name.to_owned(), |phase| format!("{name}, phase {phase}"))
}

/// One watch while it goes on.
struct Watching<'a> {
    round: &'a Round<'a>,
    phase: Option<&'a str>,
    record: Option<&'a Path>,
    /// Where the canary's window begins, once that is known.
    start: Option<Timestamp>,
    soak: Option<SignedDuration>,
    title: String,
    /// Whether data was had before: what cannot be read then may be being written.
    has_begun: bool,
    latest: Option<(Judged, Document)>,
    /// The last look before this watch went on.
    kept: Option<Document>,
    looks: Vec<PastLook>,
    next: Option<Timestamp>,
    trouble: Option<String>,
    /// What was learned of the noise before the first look.
    lesson: Option<Lesson>,
}

impl Watching<'_> {
    fn through(&mut self, mut plan: Plan, schedule: Schedule) -> End<Failure> {
        let patience = self.round.arguments.give_up_after;
        let start = match self.start {
            Some(start) => start,
            // where files say themselves when they begin
            None => match watch::persistently(schedule.every, patience, self, |watching| watching.ask(None)) {
                Ok(data) => data.windows.canary.start,
                Err(end) => return end,
            },
        };
        self.start = Some(start);
        let schedule = Schedule { start, ..schedule };
        let taken = self.looks.last().and_then(|look| look.end.parse().ok()).and_then(|end| schedule.look_at(end));
        if self.looks.is_empty() {
            self.round.console.note(&begins(&schedule));
        }
        if let Err(failure) = self.learn(&mut plan, &schedule) {
            return End::Failed(failure);
        }
        watch::watch(&plan.rules, &schedule, taken.unwrap_or(0) + 1, patience, self)
    }

    /// Learns the noise from the past before the watch.
    fn learn(&mut self, plan: &mut Plan, schedule: &Schedule) -> Result<(), Failure> {
        let (round, now) = (self.round, Timestamp::now());
        let (folder, set) = (&round.loaded.folder, &round.arguments.set);
        let options = Options { folder, now, set, phase: self.phase, from: self.start, to: None };
        self.lesson = learn::learn(round.console, round.loaded, &options, plan, &Today::of_watch(plan, schedule))?;
        if let Some(lesson) = &self.lesson {
            lesson.tell_rules(&mut plan.rules);
        }
        Ok(())
    }

    /// The data up to an instant, or all there is.
    fn ask(&mut self, until: Option<Timestamp>) -> Result<Dataset, Trouble<Failure>> {
        let (round, now) = (self.round, Timestamp::now());
        let asked = round.plan(self.phase, Probe { from: self.start, to: until, now }).and_then(|plan| {
            let data = pipeline::ask(round.console, &plan, now)?;
            pipeline::say_lost(round.console, &data);
            Ok(data)
        });
        match asked {
            Ok(data) => {
                (self.has_begun, self.trouble) = (true, None);
                Ok(data)
            }
            Err(failure) => Err(course::trouble(failure, self.has_begun)),
        }
    }

    /// Keeps a look: the data, the rules and the answer, with all looks so far.
    fn keep(&self, judged: &Judged, document: &Document) -> Result<(), Failure> {
        let Some(folder) = self.record else { return Ok(()) };
        let loaded = self.round.loaded;
        let verdict = report::render(document, Format::Json, &Style::default());
        pipeline::record(folder, &loaded.config, &judged.plan, judged.dataset.clone(), Some(&verdict), Timestamp::now())
    }

    fn draw(&self) {
        let progress = self.round.console.progress();
        if !progress.is_seen() {
            return;
        }
        let live = Live {
            title: &self.title,
            now: Timestamp::now(),
            start: self.start,
            soak: self.soak,
            next: self.next,
            latest: self.latest.as_ref().map(|(_, document)| document).or(self.kept.as_ref()),
            trouble: self.trouble.as_deref(),
        };
        let (style, rows) = self.round.console.screen();
        progress.board(live.screen(&style, rows.saturating_sub(1)));
    }
}

/// `watches from 10:00:00 for 1 h, every 5 min, 5 s after each`.
fn begins(schedule: &Schedule) -> String {
    use crate::judge::words::duration;
    let Schedule { start, every, soak, settle } = schedule;
    let soak = soak.map_or("until there is an answer".to_owned(), |soak| format!("for {}", duration(soak)));
    format!("watches from {start} {soak}; a look every {}, {} after its time", duration(*every), duration(*settle))
}

impl World for Watching<'_> {
    type Error = Failure;

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&mut self, until: Timestamp) -> ControlFlow<()> {
        self.next = Some(until);
        let mut drawn = None;
        loop {
            if self.round.interrupt.is_wanted() {
                return ControlFlow::Break(());
            }
            let now = Timestamp::now();
            if now >= until {
                return ControlFlow::Continue(());
            }
            if drawn != Some(now.as_second()) {
                self.draw();
                drawn = Some(now.as_second());
            }
            let left = until.duration_since(now).try_into().unwrap_or(ALERT);
            self.round.interrupt.wait(ALERT.min(left));
        }
    }

    fn fetch(&mut self, until: Timestamp) -> Result<Dataset, Trouble<Failure>> {
        if self.round.interrupt.is_wanted() {
            return Err(Trouble::Interrupted);
        }
        self.ask(Some(until))
    }

    fn looked(&mut self, taken: Taken) -> Result<(), Failure> {
        let round = self.round;
        let (from, to) = (self.start, Some(taken.data.windows.canary.end));
        let mut plan = round.plan(self.phase, Probe { from, to, now: Timestamp::now() })?;
        let mut dataset = taken.data;
        if let Some(lesson) = &self.lesson {
            lesson.tell(&mut plan, &mut dataset);
        }
        let document = pipeline::document(&plan, &taken.verdict);
        self.looks.push(PastLook::of(&document));
        let document = Document { looks: self.looks.clone(), ..document };
        let judged = Judged { plan, dataset, verdict: taken.verdict, as_written: None };
        if !round.console.progress().is_seen() {
            round.console.look(&report::look(&document, round.console.style(false).width));
        }
        if taken.is_latest {
            let kept = self.keep(&judged, &document);
            hooks::run(
                round.console,
                &judged.plan.hooks,
                &round.loaded.folder,
                Moment::Look,
                &document,
                round.interrupt,
            );
            kept?;
        }
        self.latest = Some((judged, document));
        self.draw();
        Ok(())
    }

    fn troubled(&mut self, error: &Failure, times: usize, again: Timestamp) {
        let left = again.duration_since(Timestamp::now()).as_secs().max(1);
        let of = self.round.arguments.give_up_after;
        let said = format!("{error}; tried again in {left} s ({times} of {of} failures in a row)");
        self.round.console.note(&said);
        self.trouble = Some(said);
    }
}
