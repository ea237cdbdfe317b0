using System.Buffers;
using System.Globalization;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using Microsoft.AspNetCore.Http;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Held GET and event stream for instructions.</summary>
internal sealed partial class GatewayEndpoints
{
    private static readonly TimeSpan s_streamBeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_streamLife = TimeSpan.FromHours(1);

    private async Task InstructionsAsync(HttpContext context, GatewayLink link)
    {
        if (!TryReadQuery(context, out ulong? after, out TimeSpan hold))
        {
            await RefuseAsync(context, 400, "malformed", null, "Bad request", "The query has after=NUMBER and wait=SECONDS.").ConfigureAwait(false);
            return;
        }

        if (after > link.LastInstruction)
        {
            await RefuseAsync(context, 409, "epoch", TimeSpan.Zero, "Epoch conflict", "No instruction of this number was given. Send a hello.").ConfigureAwait(false);
            return;
        }

        if (_links.IsDraining)
        {
            await BusyAsync(context, link).ConfigureAwait(false);
            return;
        }

        if (after is { } acknowledged)
            Acknowledge(link, acknowledged);
        TimeSpan now = _clock.Now;
        TimeSpan most = link.Hold;
        (IReadOnlyList<Instruction>? batch, Waited how) = await WaitAsync(context, link, now, now + (hold < most ? hold : most)).ConfigureAwait(false);
        if (how == Waited.Refused)
        {
            await RefuseAsync(context, 403, "disabled", null, "Not served", "The gateway was switched off or its certificate revoked while the request waited.").ConfigureAwait(false);
            return;
        }

        if (batch is null or { Count: 0 })
        {
            if (_links.IsDraining)
            {
                await BusyAsync(context, link).ConfigureAwait(false);
                return;
            }

            context.Response.StatusCode = 204;
            return;
        }

        _metrics.CountInstructions(batch.Count);
        XmlOutput x = Scratch;
        SmaWriter.WriteInstructions(x, new InstructionBatch(link.Gateway, link.InstructionEpoch, batch));
        await AnswerAsync(context, 200, x).ConfigureAwait(false);
        if (context.RequestAborted.IsCancellationRequested)
            link.Unsent(_clock.Now);
    }

    /// <summary>Server-sent events: one stream for many instructions; acknowledged by GET with wait=0, or by the next connection's after.</summary>
    private async Task StreamAsync(HttpContext context, GatewayLink link)
    {
        if (!TryReadQuery(context, out ulong? after, out _))
        {
            await RefuseAsync(context, 400, "malformed", null, "Bad request", "The query has after=NUMBER.").ConfigureAwait(false);
            return;
        }

        if (after is null && ulong.TryParse(context.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out ulong last))
            after = last;
        if (after > link.LastInstruction)
        {
            await RefuseAsync(context, 409, "epoch", TimeSpan.Zero, "Epoch conflict", "No instruction of this number was given. Send a hello.").ConfigureAwait(false);
            return;
        }

        if (after is { } acknowledged)
            Acknowledge(link, acknowledged);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.BodyWriter.Write(":\n\n"u8);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        // A stream that a password opened ends with the life of a nonce, so that a changed password counts.
        TimeSpan end = _clock.Now + (CertifiedGateway(context) is null ? _options.DigestNonceLife : s_streamLife);
        while (!context.RequestAborted.IsCancellationRequested && !_links.IsDraining && _clock.Now < end)
        {
            TimeSpan now = _clock.Now;
            (IReadOnlyList<Instruction>? batch, Waited how) = await WaitAsync(context, link, now, now + s_streamBeat).ConfigureAwait(false);
            if (how != Waited.Served)
                return;
            WriteStream(context.Response.BodyWriter, link, batch ?? []);
            _metrics.CountInstructions(batch?.Count ?? 0);
            System.IO.Pipelines.FlushResult flushed = await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            if (flushed.IsCompleted)
                return;
        }
    }

    private static void WriteStream(System.IO.Pipelines.PipeWriter writer, GatewayLink link, IReadOnlyList<Instruction> batch)
    {
        if (batch.Count == 0)
            writer.Write(":\n\n"u8);
        foreach (Instruction instruction in batch)
        {
            XmlOutput x = Scratch;
            SmaWriter.WriteInstructions(x, new InstructionBatch(link.Gateway, link.InstructionEpoch, [instruction]));
            writer.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {instruction.Seq}\n")));
            // A line break inside the document (an SDP has many) starts a new data line.
            ReadOnlySpan<byte> rest = x.Written;
            while (!rest.IsEmpty)
            {
                int line = rest.IndexOf((byte)'\n');
                writer.Write("data: "u8);
                writer.Write(line < 0 ? rest : rest[..line]);
                writer.Write("\n"u8);
                rest = line < 0 ? [] : rest[(line + 1)..];
            }

            writer.Write("\n"u8);
        }
    }

    private async Task<(IReadOnlyList<Instruction>? Batch, Waited How)> WaitAsync(HttpContext context, GatewayLink link, TimeSpan now, TimeSpan deadline)
    {
        Task<IReadOnlyList<Instruction>?> waiting = link.WaitAsync(now, deadline, out GatewayLink.Waiter? waiter);
        if (waiter is null)
            return (await waiting.ConfigureAwait(false), Waited.Served);
        // It may have come just behind the one who ends all held requests.
        if (_links.IsDraining)
            link.Abandon(waiter);
        IReadOnlyList<Instruction>? batch;
        await using (context.RequestAborted.UnsafeRegister(static state =>
        {
            var (abandoned, held) = ((GatewayLink, GatewayLink.Waiter))state!;
            abandoned.Abandon(held);
        }, (link, waiter)).ConfigureAwait(false))
        {
            batch = await waiting.ConfigureAwait(false);
        }

        if (batch is not null && context.RequestAborted.IsCancellationRequested)
        {
            link.Unsent(_clock.Now);
            return (null, Waited.Served);
        }

        if (await IsStillServedAsync(context, link).ConfigureAwait(false))
            return (batch, waiter.IsDisplaced ? Waited.Displaced : Waited.Served);
        if (batch is not null)
            link.Unsent(_clock.Now);
        return (null, Waited.Refused);
    }

    /// <summary>A right may end while a request waits.</summary>
    private async ValueTask<bool> IsStillServedAsync(HttpContext context, GatewayLink link) =>
        !(CertifiedGateway(context) is not null && context.Connection.ClientCertificate is { } certificate && _authority.IsRevoked(certificate.SerialNumber))
        && await _links.FindAsync(link.Gateway).ConfigureAwait(false) is { Record.IsEnabled: true };

    /// <summary>How a wait ended.</summary>
    private enum Waited
    {
        Served,

        /// <summary>Newer requests of the gateway took its place.</summary>
        Displaced,

        /// <summary>The gateway has no right to an answer any more.</summary>
        Refused,
    }

    private bool TryReadQuery(HttpContext context, out ulong? after, out TimeSpan hold)
    {
        after = null;
        hold = _options.HoldTime;
        string query = context.Request.QueryString.Value ?? "";
        foreach (string pair in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int split = pair.IndexOf('=', StringComparison.Ordinal);
            if (split < 0 || !ulong.TryParse(pair.AsSpan(split + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) || number > SmaContract.MaxSeq)
                return false;
            if (pair.AsSpan(0, split) is "after")
                after = number;
            else if (pair.AsSpan(0, split) is "wait")
                hold = TimeSpan.FromSeconds(Math.Min(number, (ulong)_options.HoldTime.TotalSeconds));
        }

        return true;
    }
}
