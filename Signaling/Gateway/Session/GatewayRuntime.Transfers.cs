using System.Globalization;
using System.Security.Cryptography;
using MediaRelay.Gateway.Home;
using MediaRelay.Gateway.Queue;

namespace MediaRelay.Gateway.Session;

/// <summary>Files: clips up, configurations and firmware down.</summary>
public sealed partial class GatewayRuntime
{
    public async Task UploadClipAsync(string file, ClipBody clip, string? cause, CancellationToken cancellation)
    {
        const int part = 512 * 1024;
        await using FileStream stream = File.OpenRead(file);
        byte[] digest = await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false);
        var backoff = new RetryBackoff(_random);
        byte[] buffer = new byte[part];
        long from = 0;
        while (from < stream.Length)
        {
            stream.Position = from;
            int length = await stream.ReadAtLeastAsync(buffer, (int)Math.Min(part, stream.Length - from), false, cancellation).ConfigureAwait(false);
            TimeSpan? retry = null;
            try
            {
                var range = new Dictionary<string, string> { ["Content-Range"] = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{from + length - 1}/{stream.Length}") };
                SmaAnswer answer = await _link.SendAsync("PUT", Path("clips/" + clip.Id), buffer.AsMemory(0, length), range, s_patience * 3, cancellation).ConfigureAwait(false);
                if (answer.Status == 201)
                    break;
                if (answer.Status is 202 or 409 && answer.Headers.TryGetValue("Range", out string? have) && long.TryParse(have.AsSpan(have.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long last))
                {
                    from = last + 1;
                    backoff.HandleSuccess();
                    continue;
                }

                // Asking again later changes nothing about what the server refuses for good.
                if (answer.Status == 507 || (answer.Status is >= 400 and < 500 and not (401 or 408 or 409 or 425 or 429)))
                {
                    LogClipRefused(_profile.Id, clip.Id, answer.Status);
                    Send(SmaEventKinds.ClipStored, clip with { Size = 0 }, cause);
                    return;
                }

                retry = answer.RetryAfter;
            }
            catch (IOException)
            {
                // The upload goes on where the server says it stopped.
            }

            await Task.Delay(backoff.HandleFailure(false, retry), _time, cancellation).ConfigureAwait(false);
        }

        Send(SmaEventKinds.ClipStored, clip with { Size = (ulong)stream.Length, Sha256 = Convert.ToHexStringLower(digest) }, cause);
    }

    private async Task ProvisionAsync(Instruction instruction)
    {
        ResultBody result = await DownloadAsync(instruction).ConfigureAwait(false);
        var wanted = instruction.Body as ProvisioningBody;
        Post(() =>
        {
            if (wanted is not null)
            {
                _commands.Add(new HomeCommand.Emit(new SmaEvent
                {
                    Id = "", Seq = 0, Time = UtcNow, Kind = SmaEventKinds.ProvisioningState, Cause = instruction.Id,
                    Body = new ProvisioningBody { Version = wanted.Version, State = result.Outcome == "done" ? "staged" : "degraded", Step = instruction.Kind, Detail = result.Text },
                }));
            }

            _commands.Add(HomeCore.Result(instruction.Id, result, UtcNow));
        });
    }

    private async Task<ResultBody> DownloadAsync(Instruction instruction)
    {
        if (instruction.Kind is InstructionKinds.Reboot)
        {
            LoseSession();
            return new ResultBody("done");
        }

        if (_profile.Folder is null || instruction.Body is not ProvisioningBody { Version: { } version } wanted)
            return new ResultBody("failed", "unsupported", "This gateway cannot do that.");
        string resource = instruction.Kind == InstructionKinds.ConfigApply ? "config" : "firmware/" + version;
        try
        {
            SmaAnswer answer = await _link.SendAsync("GET", Path(resource), default, null, s_patience * 6, _stopping).ConfigureAwait(false);
            if (answer.Status != 200)
                return new ResultBody("failed", "download", $"The server answered {answer.Status}.");
            if (wanted.Sha256 is { } digest && digest != Convert.ToHexStringLower(SHA256.HashData(answer.Body)))
                return new ResultBody("failed", "digest", "The content does not match its SHA-256.");
            Directory.CreateDirectory(_profile.Folder);
            await File.WriteAllBytesAsync(System.IO.Path.Combine(_profile.Folder, $"staged-{instruction.Kind}-{version}"), answer.Body, _stopping).ConfigureAwait(false);
            return new ResultBody("done");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogDownloadFailed(e, _profile.Id, resource);
            return new ResultBody("failed", "download", "The content could not be fetched or stored.");
        }
    }
}
