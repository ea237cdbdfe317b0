using System.Globalization;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Schema, enrolment, configuration, firmware and clips.</summary>
internal sealed partial class GatewayEndpoints
{
    private static async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> content, string type)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content, context.RequestAborted).ConfigureAwait(false);
    }

    private Task SchemaAsync(HttpContext context, string name) =>
        SmaSchemas.Read(name) is { } content ? SendAsync(context, content, SmaContract.ContentType) : NotFoundAsync(context);

    /// <summary>Sends the reader on to the file's own address: the files that it includes lie beside it.</summary>
    private static Task RootSchemaAsync(HttpContext context)
    {
        context.Response.StatusCode = 308;
        context.Response.Headers.Location = "/sma/1/schema/" + SmaSchemas.Root;
        return Task.CompletedTask;
    }

    private async Task EnrolAsync(HttpContext context)
    {
        (bool isRead, EnrolRequest enrol) = await ReadAsync<EnrolRequest>(context, SmaReader.TryReadEnrol).ConfigureAwait(false);
        if (!isRead)
            return;
        string source = context.Connection.RemoteIpAddress?.ToString() ?? "";
        DateTimeOffset utcNow = _clock.UtcNow;
        GatewayRecord? record = _storage.Gateways.Find(enrol.Gateway);
        string? certified = CertifiedGateway(context);
        bool isRenewal = certified is not null && certified == enrol.Gateway
            && !_authority.IsRevoked(context.Connection.ClientCertificate!.SerialNumber);
        if (!isRenewal)
        {
            if (!_claims.IsAllowed(source, _clock.Now))
            {
                await RefuseAsync(context, 429, "failures", TimeSpan.FromMinutes(1), "Too many failures", "Too many wrong claim codes came from this source.").ConfigureAwait(false);
                return;
            }

            // The same work is done for an unknown gateway, so that ids cannot be tried out.
            byte[] digest = ClaimCode.Digest(enrol.Claim ?? "");
            byte[] wanted = record?.ClaimDigest ?? new byte[digest.Length];
            bool isRight = System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(digest, wanted)
                & record?.ClaimDigest is not null & record?.ClaimUntil > utcNow;
            if (!isRight)
            {
                _claims.Count(source, _clock.Now);
                _metrics.CountAuthenticationFailure();
                LogClaimRefused(enrol.Gateway, source);
                await RefuseAsync(context, 403, "claim", null, "Wrong claim", "The claim code is wrong, used or too old.").ConfigureAwait(false);
                return;
            }
        }

        if (record is not { IsEnabled: true })
        {
            await RefuseAsync(context, 403, "disabled", null, "Not served", "The gateway is not registered here, or is switched off.").ConfigureAwait(false);
            return;
        }

        if (_authority.TrySignGateway(enrol.Gateway, enrol.Csr, _options.GatewayCertificateLife, utcNow, out string fault) is not { } issued)
        {
            await RefuseAsync(context, 422, "csr", null, "Bad certificate request", fault).ConfigureAwait(false);
            return;
        }

        // The claim stays until the certificate was used once: an answer lost on the way must not lock the gateway out.
        await _storage.Gateways.ChangeAsync(enrol.Gateway, old => old with { CertificateSerial = issued.Serial, CertificateNotAfter = issued.NotAfter }).ConfigureAwait(false);
        LogIssued(enrol.Gateway, issued.Serial, issued.NotAfter);
        XmlOutput x = Scratch;
        SmaWriter.WriteEnrolled(x, new EnrolAnswer(enrol.Gateway, issued.NotAfter, issued.CertificatePem, _authority.CertificatePem));
        await AnswerAsync(context, 200, x).ConfigureAwait(false);
    }

    private async Task ConfigAsync(HttpContext context, GatewayLink link)
    {
        if (_storage.Gateways.Configuration(link.Gateway) is not { } configuration)
        {
            await NotFoundAsync(context).ConfigureAwait(false);
            return;
        }

        string tag = $"\"{configuration.Version}\"";
        context.Response.Headers.ETag = tag;
        if (context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(tag))
        {
            context.Response.StatusCode = 304;
            return;
        }

        await SendAsync(context, configuration.Content, SmaContract.ContentType).ConfigureAwait(false);
    }

    private async Task FirmwareAsync(HttpContext context, string version)
    {
        string path = Path.Combine(_firmwareFolder, version);
        if (version is "." or ".." || !File.Exists(path))
        {
            await NotFoundAsync(context).ConfigureAwait(false);
            return;
        }

        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        context.Response.Headers.ETag = $"\"{version}\"";
        context.Response.Headers.AcceptRanges = "bytes";
        context.Response.ContentType = "application/octet-stream";
        long from = 0, to = stream.Length - 1;
        if (RangeHeaderValue.TryParse(context.Request.Headers.Range.ToString(), out RangeHeaderValue? range) && range.Ranges.Count == 1)
        {
            RangeItemHeaderValue one = range.Ranges.First();
            from = one.From ?? Math.Max(0, stream.Length - (one.To ?? 0));
            to = one.From is null ? stream.Length - 1 : Math.Min(one.To ?? long.MaxValue, stream.Length - 1);
            if (from > to)
            {
                context.Response.Headers.ContentRange = $"bytes */{stream.Length}";
                await RefuseAsync(context, 416, "range", null, "Range not satisfiable", "The image is shorter than that.").ConfigureAwait(false);
                return;
            }

            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{stream.Length}");
        }

        context.Response.ContentLength = to - from + 1;
        await SendFileResponseExtensions.SendFileAsync(context.Response, path, from, to - from + 1, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task ClipAsync(HttpContext context, GatewayLink link, string clip)
    {
        if (!ClipStore.TryReadRange(context.Request.Headers.ContentRange, context.Request.ContentLength, out long from, out long length, out long total))
        {
            await RefuseAsync(context, 400, "malformed", null, "Bad request", "Send Content-Length, and Content-Range as bytes FROM-TO/TOTAL or bytes */TOTAL.").ConfigureAwait(false);
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = _options.MaxClipBytes;
        bool isAlarm = !ClipStore.IsStill(clip) && _storage.Gateways.Find(link.Gateway) is { } known && _homes.IsAlarmUnderWork(known.Home);
        ClipOutcome outcome = await _clips.WriteAsync(link.Gateway, clip, from, length, total, isAlarm, context.Request.Body, context.RequestAborted).ConfigureAwait(false);
        if (ClipStore.RangeHeader(outcome.Present) is { } present)
            context.Response.Headers["Range"] = present;
        var changes = new List<Signaling.Gateways.PresenceChange>();
        link.HandleBytes(_clock.Now, changes);
        _links.Apply(link, changes);
        switch (outcome.Result)
        {
            case ClipResult.Complete:
                context.Response.StatusCode = 201;
                return;
            case ClipResult.Incomplete:
                context.Response.StatusCode = 202;
                return;
            case ClipResult.Gap:
                await RefuseAsync(context, 409, "gap", TimeSpan.Zero, "Gap", "The part starts behind what is there. Go on where the Range header ends.").ConfigureAwait(false);
                return;
            case ClipResult.Busy:
                await RefuseAsync(context, 409, "busy", TimeSpan.FromSeconds(1), "Busy", "Another upload of this clip is running.").ConfigureAwait(false);
                return;
            case ClipResult.TooLarge:
                await RefuseAsync(context, 413, "too-large", null, "Too large", "The clip is larger than allowed.").ConfigureAwait(false);
                return;
            default:
                await RefuseAsync(context, 507, "quota", TimeSpan.FromHours(1), "No room", "The clips of this gateway fill their quota.").ConfigureAwait(false);
                return;
        }
    }
}
