//! DATA and BDAT: passes a letter from the wire to the reception and sends the reply at its actual end. Knows
//! the pure readers, not what is in the letter.

use sealpost_mail::{Envelope, Reply};
use tokio::time::Instant;

use crate::bdat::{CRLF, ChunkReader, Last};
use crate::command::Chunk;
use crate::connection::Connection;
use crate::data::{BlockContent, DataReader};
use crate::letter::{self, Chunks, Letter};
use crate::pace::Pace;
use crate::replies;
use crate::session::{InHand, Session, State};
use crate::wire::Leave;

impl<S: Connection> Session<'_, S> {
    pub(crate) async fn on_data(&mut self, state: State) -> Result<State, Leave> {
        let envelope = match state {
            State::Addressed(envelope) => envelope,
            State::Strange => {
                self.reply(replies::say_hello())?;
                return Ok(State::Strange);
            }
            State::Ready => {
                self.reply(replies::sender_first())?;
                return Ok(State::Ready);
            }
            State::Sender(envelope) => {
                self.reply(replies::recipient_first())?;
                return self.after_refused_data(State::Sender(envelope));
            }
            // RFC 3030 §2: "DATA and BDAT commands cannot be used in the same transaction."
            State::Chunking(chunks) => {
                self.reply(replies::chunks_under_way())?;
                return self.after_refused_data(State::Chunking(chunks));
            }
        };
        let mut letter = match self.begin(*envelope).await {
            Ok(letter) => letter,
            Err(reply) => {
                self.reply_to_letter(&reply);
                return self.after_refused_data(State::Ready);
            }
        };
        self.wire.send(&replies::go_ahead());
        let mut reader = DataReader::new(self.longest_line());
        loop {
            let decoded = reader.decode(self.wire.pending_mut());
            let spoilt = match decoded.found {
                BlockContent::Spoilt(_) => true,
                BlockContent::More | BlockContent::End => false,
            };
            if spoilt {
                drop(letter);
                return Err(self.spoilt());
            }
            letter.take(self.wire.pending().get(..decoded.content).unwrap_or_default()).await;
            self.wire.consume(decoded.consumed);
            if reader.had_long_line() {
                letter.refuse(replies::long_line(self.longest_line()));
            }
            if decoded.found == BlockContent::End {
                break;
            }
            if letter.is_far_beyond() {
                self.wire.send(&replies::too_big());
                return Err(Leave::Told);
            }
            self.wait_for_letter(&mut letter).await?;
        }
        self.finish(letter).await;
        Ok(State::Ready)
    }

    /// RFC 2920 §3.1: nothing may follow DATA in a group. If something does while a letter is in progress, it
    /// may be that letter, and a letter must never be read as commands.
    fn after_refused_data(&mut self, state: State) -> Result<State, Leave> {
        if self.wire.pending().is_empty() {
            return Ok(state);
        }
        self.wire.send(&replies::text_after_data());
        Err(Leave::ToldInLetter)
    }

    pub(crate) async fn on_bdat(&mut self, state: State, size: u64, chunk: Chunk) -> Result<State, Leave> {
        let so_far = match &state {
            State::Chunking(chunks) => chunks.letter.octets(),
            State::Strange | State::Ready | State::Sender(_) | State::Addressed(_) => 0,
        };
        if letter::is_far_beyond(so_far.saturating_add(size), self.context.limits.max_size) {
            self.wire.send(&replies::too_big());
            return Err(Leave::Told);
        }
        let mut chunks = match state {
            State::Chunking(chunks) => chunks,
            State::Addressed(envelope) => match self.begin(*envelope).await {
                Ok(letter) => {
                    let reader = ChunkReader::new(self.longest_line());
                    Box::new(Chunks { letter, reader })
                }
                Err(reply) => {
                    self.discard(size).await?;
                    self.reply_to_letter(&reply);
                    return Ok(State::Ready);
                }
            },
            State::Strange => return self.refuse_bdat(size, replies::say_hello(), State::Strange).await,
            State::Ready => return self.refuse_bdat(size, replies::sender_first(), State::Ready).await,
            State::Sender(envelope) => {
                return self.refuse_bdat(size, replies::recipient_first(), State::Sender(envelope)).await;
            }
        };
        self.carry(&mut chunks, size).await?;
        if chunk == Chunk::Last {
            match chunks.reader.last() {
                Ok(Last::Complete) => {}
                Ok(Last::AddLineEnd) => chunks.letter.take(CRLF).await,
                Err(_bare) => chunks.letter.refuse(replies::bare_in_letter()),
            }
        }
        if chunks.reader.had_long_line() {
            chunks.letter.refuse(replies::long_line(self.longest_line()));
        }
        // A refused chunk ends the letter (RFC 3030 §2); chunks pipelined after it are read and refused.
        if chunk == Chunk::Last || chunks.letter.is_refused() {
            self.finish(chunks.letter).await;
            return Ok(State::Ready);
        }
        self.wire.send(&replies::chunk(size));
        Ok(State::Chunking(chunks))
    }

    fn longest_line(&self) -> usize {
        self.context.limits.longest_line(self.right())
    }

    /// Passes one chunk to the reception.
    async fn carry(&mut self, chunks: &mut Chunks, size: u64) -> Result<(), Leave> {
        let mut left = size;
        self.wire.expect_much(left);
        while left > 0 {
            let here = self.wire.pending().len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let block = self.wire.pending().get(..here).unwrap_or_default();
            match chunks.reader.check(block) {
                Err(_bare) => {
                    // The length delimits the chunk, so this cannot smuggle: read on, then refuse.
                    chunks.letter.refuse(replies::bare_in_letter());
                }
                Ok(checked) => {
                    if checked.line_end_first {
                        chunks.letter.take(CRLF).await;
                    }
                    let block = self.wire.pending().get(checked.skip..checked.end).unwrap_or_default();
                    chunks.letter.take(block).await;
                }
            }
            self.wire.consume(here);
            left = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
            if left > 0 {
                self.wait_for_letter(&mut chunks.letter).await?;
            }
        }
        self.wire.expect_little();
        Ok(())
    }

    /// RFC 3030 §2: "the receiver-SMTP MUST accept and discard the associated message data".
    async fn refuse_bdat(&mut self, size: u64, reply: Reply, state: State) -> Result<State, Leave> {
        self.discard(size).await?;
        self.reply(reply)?;
        Ok(state)
    }

    async fn discard(&mut self, size: u64) -> Result<(), Leave> {
        let mut pace = Pace::new(&self.context.limits, Instant::now());
        let mut left = size;
        loop {
            let here = self.wire.pending().len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.wire.consume(here);
            left = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
            if left == 0 {
                return Ok(());
            }
            let asked = Instant::now();
            let octets = self.wait(pace.deadline(asked), InHand::Letter).await?;
            pace.received(octets, asked.elapsed());
        }
    }

    async fn wait_for_letter(&mut self, letter: &mut Letter) -> Result<(), Leave> {
        let asked = Instant::now();
        let octets = self.wait(letter.pace.deadline(asked), InHand::Letter).await?;
        letter.pace.received(octets, asked.elapsed());
        Ok(())
    }

    /// Takes memory and begins the letter at the reception.
    async fn begin(&mut self, envelope: Envelope) -> Result<Letter, Reply> {
        let limits = &self.context.limits;
        let memory = self
            .context
            .memory
            .take(limits.letter_kib, limits.memory_wait)
            .await
            .ok_or_else(replies::no_memory)?;
        let recipients = envelope.recipients.len();
        let announced = envelope.announced_size;
        let incoming = self.context.reception.begin(envelope, self.origin()).await?;
        self.wire.expect_much(announced.unwrap_or(0));
        let pace = Pace::new(limits, Instant::now());
        Ok(Letter::new(incoming, recipients, limits.max_size, pace, memory))
    }

    /// The letter is complete: the only place that replies 250 to a letter.
    async fn finish(&mut self, letter: Letter) {
        self.wire.expect_little();
        let (octets, recipients) = (letter.octets(), letter.recipients);
        match letter.finish().await {
            Ok(receipt) => {
                tracing::info!(
                    session.id = self.caller.session,
                    letter.id = receipt.id,
                    letter.octets = octets,
                    letter.recipients = recipients,
                    "letter accepted"
                );
                self.wire.send(&replies::accepted(&receipt.id));
                self.forgive();
                if let Some(acknowledged) = receipt.acknowledged {
                    self.wire.on_received(acknowledged);
                }
            }
            Err(reply) => self.reply_to_letter(&reply),
        }
    }

    /// A refusal of the letter itself. It is not an SMTP error of the client and does not count as one.
    fn reply_to_letter(&mut self, reply: &Reply) {
        tracing::warn!(
            session.id = self.caller.session,
            client = %self.caller.peer,
            reply.code = reply.code(),
            reply.cause = reply.cause().unwrap_or("none"),
            "letter refused: {}",
            reply.text()
        );
        self.wire.send(reply);
    }

    fn spoilt(&mut self) -> Leave {
        self.reply_to_letter(&replies::bare_in_letter());
        Leave::ToldInLetter
    }
}
