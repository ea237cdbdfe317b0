using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.System.Tests.Qos;

/// <summary>What application manager, policy server and CMTS say to each other, captured on the loopback and read by tshark.</summary>
public sealed class CaptureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-qos-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_message_between_the_three_is_read_by_tshark_without_a_malformed_frame()
    {
        var settings = new CmtsSettings
        {
            Modems = [GateRig.Prefix("10.1.0.0/16")], SupportsUpstreamDrop = true,
            ServiceClasses = [new ServiceClass("video_dn", GateDirection.Downstream, default), new ServiceClass("G711", GateDirection.Upstream, default)],
        };
        List<Frame> frames;
        await using (GateRig rig = GateRig.Start(settings))
        {
            string file = Path.Combine(_folder, "qos.pcapng");
            using Process capture = await CaptureAsync(file, rig.CmtsPort, rig.ServerPort);
            try
            {
                await rig.ConnectAsync();
                await PlayAsync(rig);
                await SpeakDirectlyAsync(rig.CmtsPort);
                await rig.DisposeAsync(); // Client-Close and Delete-Request-State.
                frames = await ReadUntilAsync(file, rig.CmtsPort, rig.ServerPort, f => f.Codes.Contains("4"));
            }
            finally
            {
                capture.Kill();
                await capture.WaitForExitAsync();
            }
        }
        Assert.Empty(frames.Where(f => f.IsMalformed).Select(f => f.Line));
        string[] operations = [.. frames.SelectMany(f => f.Codes).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["1", "2", "3", "4", "6", "7", "8", "9"], operations);
        int[] commands = [.. frames.SelectMany(f => f.Commands).Distinct().Order()];
        Assert.Equal([4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 99], commands);
        // The fields as intended: the same gate northbound and southbound.
        Frame[] sets = [.. frames.Where(f => f.Subscribers.Contains("10.1.0.7") && f.Commands.Contains(4))];
        Assert.Contains(sets, f => f.Port == sets[0].Port);
        Assert.All(sets, f => Assert.Contains("22136", f.Tags));
        Assert.True(sets.Select(f => f.Port).Distinct().Count() == 2, "The Gate-Set was not seen on both connections.");
        Assert.Contains(frames, f => f.Grants.Contains("232") && f.Intervals.Contains("20000"));
        Assert.Contains(frames, f => f.Names.Contains("video_dn"));
        Assert.Contains(frames, f => f.Peaks.Contains("8192000"));
    }

    /// <summary>All profile types, a change, an error, a report with receipt, and the ends of everything.</summary>
    private static async Task PlayAsync(GateRig rig)
    {
        var rates = new ParameterSet { MinReservedRate = 500_000, MaxSustainedRate = 500_000, MaxBurst = 3044, MinPacketSize = 256, MaxConcatenatedBurst = 1522 };
        var grant = new ParameterSet { RequestPolicy = 0x37F, GrantSize = 232, GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800 };
        TrafficProfile Up(TrafficProfileType type, ParameterSet set) => TrafficProfile.Single(type, ResourceEnvelopes.Commit, set);
        GateRequest[] requests =
        [
            GateRig.Request("10.1.0.7", GateDirection.Upstream, TrafficProfile.FromFlowSpec(ResourceEnvelopes.Commit, FlowSpec.Constant(200, 50))),
            GateRig.Request("10.1.0.8", GateDirection.Upstream, Up(TrafficProfileType.BestEffort, rates)),
            GateRig.Request("10.1.0.8", GateDirection.Upstream, Up(TrafficProfileType.NonRealTimePolling, rates with { PollingInterval = 20000 })),
            GateRig.Request("10.1.0.9", GateDirection.Upstream, new TrafficProfile(TrafficProfileType.RealTimePolling, ResourceEnvelopes.Commit)
            {
                Count = 3, First = Polled(rates, 3), Second = Polled(rates, 2), Third = Polled(rates, 1),
            }),
            GateRig.Request("10.1.0.9", GateDirection.Upstream, Up(TrafficProfileType.UnsolicitedGrant, grant)),
            GateRig.Request("10.1.0.10", GateDirection.Upstream, Up(TrafficProfileType.UnsolicitedGrantWithActivityDetection, grant with { PollingInterval = 20000, PollJitter = 800 })),
            GateRig.Request("10.1.0.10", GateDirection.Downstream, Up(TrafficProfileType.Downstream, rates with { MaxConcatenatedBurst = 0, PeakRate = 8192000 })),
            GateRig.Request("10.1.0.11", GateDirection.Downstream, TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "video_dn")) with { VolumeLimitKilobytes = 1000, TimeLimitSeconds = 3600, UserId = "home 7" },
            GateRig.Request("10.1.0.11", GateDirection.Upstream, new TrafficProfile(TrafficProfileType.UpstreamDrop, ResourceEnvelopes.Commit)),
        ];
        IReadOnlyList<GateHandle> gates = await rig.Manager.RequestGatesAsync("s", requests);
        await GateRig.Until(() => Task.FromResult(gates.All(g => rig.Events.Any(e => e.Gate == g))));
        Assert.DoesNotContain(rig.Events, e => e.Kind != GateEventKind.Set);
        await rig.Manager.ModifyGateAsync(gates[1], requests[1] with { Profile = Up(TrafficProfileType.BestEffort, rates with { MinReservedRate = 600_000, MaxSustainedRate = 600_000 }) });
        await rig.Manager.RequestGatesAsync("bad", [GateRig.Request("10.1.0.12", GateDirection.Upstream, TrafficProfile.FromServiceClass(ResourceEnvelopes.Commit, "gold"))]);
        await GateRig.Until(() => Task.FromResult(rig.Events.Any(e => e.Kind == GateEventKind.Refused)));
        await rig.Cmts.LoseModemAsync(SubscriberId.From(IPAddress.Parse("10.1.0.10")));
        await GateRig.Until(() => Task.FromResult(rig.Events.Count(e => e.Kind == GateEventKind.Closed) == 2));
        await rig.Manager.ReleaseGatesAsync("s");
        await GateRig.Until(() => Task.FromResult(rig.Manager.GateCount == 0));
    }

    private static ParameterSet Polled(ParameterSet rates, uint factor) =>
        rates with { RequestPolicy = 0x1F, PollingInterval = 5000, PollJitter = 2000, MinReservedRate = 100_000 * factor, MaxSustainedRate = 100_000 * factor };

    /// <summary>The commands that neither product role sends: Gate-Info, errors by intention, a keep-alive, an unknown command.</summary>
    private static async Task SpeakDirectlyAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        NetworkStream stream = client.GetStream();
        byte[] open = await ReadMessageAsync(stream);
        Assert.Equal(6, open[1]);
        await stream.WriteAsync(Convert.FromHexString("1007800a0000001000080a010000003c"));
        byte[] request = await ReadMessageAsync(stream);
        byte[] handle = request[12..16];
        const string subscriber = "000803010a01000d";
        const string amid = "0008020100005678";
        Assert.Equal(18, Command(await AskAsync(stream, handle, "0008010100090011" + "000811010000004e")));
        byte[] set = await AskAsync(stream, handle, "0008010100010004" + amid + subscriber + "001005010100000000c8012c003c001e"
            + "0024070107020000461c400043480000461c4000000000c8000000c8461c400000000320" + "00180601001100000a01000dc633640740009c4040000000");
        string gate = Convert.ToHexString(set.AsSpan(FindGate(set), 8));
        Assert.Equal(21, Command(await AskAsync(stream, handle, "00080101000a0014" + "000811010000004e" + "0008120100000100")));
        Assert.Equal(22, Command(await ReadMessageAsync(stream)));
        Assert.Equal(8, Command(await AskAsync(stream, handle, "0008010100020007" + amid + subscriber + gate)));
        Assert.Equal(9, Command(await AskAsync(stream, handle, "0008010100030007" + amid + subscriber + "0008040100000001")));
        Assert.Equal(12, Command(await AskAsync(stream, handle, "000801010004000a" + amid + subscriber + "0008040100000001")));
        Assert.Equal(19, Command(await AskAsync(stream, handle, "0008010100050011" + "000811010000004d")));
        Assert.Equal(16, Command(await AskAsync(stream, handle, "0008010100060063" + amid)));
        Assert.Equal(11, Command(await AskAsync(stream, handle, "000801010007000a" + amid + subscriber + gate)));
        await stream.WriteAsync(Convert.FromHexString("1009000000000008"));
        // A decision for a handle that nobody gave out.
        Assert.Equal(4, (await AskAsync(stream, [1, 2, 3, 4], "000801010008000a" + amid))[1]);
    }

    private static async Task<byte[]> AskAsync(NetworkStream stream, byte[] handle, string objects)
    {
        byte[] payload = Convert.FromHexString(objects);
        byte[] frame = [.. Convert.FromHexString("1002800a00000000" + "00080101"), .. handle, .. Convert.FromHexString("0008020100080000" + "0008060100010000" + "00000604"), .. payload];
        (frame[6], frame[7]) = ((byte)(frame.Length >> 8), (byte)frame.Length);
        int length = payload.Length + 4;
        (frame[32], frame[33]) = ((byte)(length >> 8), (byte)length);
        await stream.WriteAsync(frame);
        while (true)
        {
            byte[] answer = await ReadMessageAsync(stream);
            if (answer[1] != 9) return answer;
        }
    }

    private static int Command(byte[] report) => (report[34] << 8) | report[35];

    private static int FindGate(byte[] report)
    {
        for (int at = 28; at < report.Length; at += (report[at] << 8) | report[at + 1])
        {
            if (report[at + 2] == 4) return at;
        }
        throw new InvalidDataException("No GateID in " + Convert.ToHexString(report));
    }

    private static async Task<byte[]> ReadMessageAsync(NetworkStream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var header = new byte[8];
        await stream.ReadExactlyAsync(header, limit.Token);
        var message = new byte[(header[6] << 8) | header[7]];
        header.CopyTo(message, 0);
        await stream.ReadExactlyAsync(message.AsMemory(8), limit.Token);
        return message;
    }

    /// <summary>Starts a capture on the loopback, of a namespace when one is named; what comes after the return is in it.</summary>
    internal static async Task<Process> CaptureAsync(string file, int first, int second, string? space = null)
    {
        string[] command = [.. space is null ? [] : (string[])["ip", "netns", "exec", space], "dumpcap", "-q", "-i", "lo", "-f", $"tcp port {first} or tcp port {second}", "-w", file];
        Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("File:", StringComparison.Ordinal)) break;
        }
        _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
        return process;
    }

    private sealed record Frame(string Line, int Port, string[] Codes, int[] Commands, string[] Subscribers, string[] Tags, string[] Grants, string[] Intervals, string[] Names, string[] Peaks, bool IsMalformed);

    /// <summary>Reads the capture again until the frames that close the play are in it.</summary>
    private static async Task<List<Frame>> ReadUntilAsync(string file, int first, int second, Func<Frame, bool> isLast)
    {
        List<Frame> frames = [];
        await GateRig.Until(async () => (frames = await ReadAsync(file, first, second)).Count(isLast) >= 3);
        return frames;
    }

    private static async Task<List<Frame>> ReadAsync(string file, int first, int second)
    {
        string[] fields =
        [
            "tcp.srcport", "tcp.dstport", "cops.op_code", "cops.pc_gate_command_type", "cops.pc_subscriber_id4", "cops.pc_mm_amid_am_tag", "cops.pc_mm_ugs", "cops.pc_mm_ngi",
            "cops.pc_mm_docsis_scn", "cops.pc_mm_downpeak", "_ws.malformed", "frame.number",
        ];
        string[] arguments = ["-r", file, "-Y", "cops", "-d", $"tcp.port=={first},cops", "-d", $"tcp.port=={second},cops", "-T", "fields", "-E", "separator=;", "-E", "occurrence=a", .. fields.SelectMany(f => new[] { "-e", f })];
        using Process process = Process.Start(new ProcessStartInfo("tshark", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        _ = await errors;
        var frames = new List<Frame>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[][] f = [.. line.Split(';').Select(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries))];
            int source = int.Parse(f[0][0], CultureInfo.InvariantCulture), destination = int.Parse(f[1][0], CultureInfo.InvariantCulture);
            frames.Add(new Frame(
                line, source == first || destination == first ? first : second, f[2], [.. f[3].Select(c => Convert.ToInt32(c[2..], 16))], f[4], f[5], f[6], f[7], f[8], f[9], f[10].Length > 0));
        }
        return frames;
    }
}
