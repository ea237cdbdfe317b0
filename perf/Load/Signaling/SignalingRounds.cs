using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Load.Signaling;

/// <summary>The measurements of the Event Server; each is one row of the table.</summary>
internal sealed class SignalingRounds : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sma-load").FullName;
    private readonly List<RawGateway> _gateways = [];
    private ServerProcess _server = null!;
    private int _epoch;

    public async Task PrepareAsync(int count)
    {
        string folder = Path.Combine(_folder, "authority");
        using OperatorAuthority authority = OperatorAuthority.Create(folder, "Load", DateTimeOffset.UtcNow);
        IssuedCertificate server = authority.IssueServer(["localhost"], TimeSpan.FromDays(2), DateTimeOffset.UtcNow);
        File.WriteAllText(Path.Combine(folder, "server.crt"), server.CertificatePem);
        File.WriteAllText(Path.Combine(folder, "server.key"), server.KeyPem);
        string[] ids = [.. Enumerable.Range(1, count).Select(n => $"gw-{n:00000}")];
        await using (SqliteStorage storage = SqliteStorage.Open(_folder))
            await Task.WhenAll(ids.Select(id => storage.Gateways.SaveAsync(new GatewayRecord { Id = id, Home = id })));
        _server = ServerProcess.Start(_folder, 0);
        foreach (string id in ids)
        {
            IssuedCertificate issued = authority.IssueGateway(id, TimeSpan.FromDays(2), DateTimeOffset.UtcNow);
            _gateways.Add(new RawGateway(id, X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem), _server.Endpoint));
        }
    }

    /// <summary>Closed loop: events per second that were durable before their answer, and the cores that server and generator used.</summary>
    public async Task<Throughput> ThroughputAsync(int connections, int batch, TimeSpan length)
    {
        RawGateway[] active = await ConnectAsync(connections);
        string epoch = $"e{++_epoch}";
        long events = 0;
        TimeSpan cpu = _server.Cpu(), own = Own();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(active.Select(gateway => Task.Run(async () =>
        {
            var post = new PreparedPost(gateway.Id, epoch, batch);
            while (watch.Elapsed < length)
            {
                if (await gateway.PostAsync(post.Next(), CancellationToken.None) != 202)
                    throw new InvalidOperationException("An event was refused.");
                Interlocked.Add(ref events, batch);
            }
        })));
        return new Throughput(events / watch.Elapsed.TotalSeconds, (_server.Cpu() - cpu) / watch.Elapsed, (Own() - own) / watch.Elapsed);
    }

    /// <summary>Open loop at a given rate: percentiles from the moment a post was due until its answer.</summary>
    public async Task<List<double>> AcknowledgeAsync(int first, int connections, int batch, double eventsPerSecond, TimeSpan length)
    {
        RawGateway[] active = await ConnectAsync(connections, first);
        string epoch = $"e{++_epoch}";
        TimeSpan gap = TimeSpan.FromSeconds(connections * batch / eventsPerSecond);
        var times = new List<double>();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(active.Select((gateway, i) => Task.Run(async () =>
        {
            var post = new PreparedPost(gateway.Id, epoch, batch);
            TimeSpan due = gap * i / connections;
            while (due < length)
            {
                if (due > watch.Elapsed)
                    await Task.Delay(due - watch.Elapsed);
                // A delay of the generator's own timer (1 ms steps) is not the server's.
                TimeSpan start = due > watch.Elapsed - TimeSpan.FromMilliseconds(2) ? watch.Elapsed : due;
                if (await gateway.PostAsync(post.Next(), CancellationToken.None) != 202)
                    throw new InvalidOperationException("An event was refused.");
                lock (times)
                    times.Add((watch.Elapsed - start).TotalMilliseconds);
                due += gap;
            }
        })));
        return times;
    }

    /// <summary>
    /// The gateways that behave, without and with a storm in turns: one other gateway sends batches of 256 as fast as it can. Alone first in even rounds,
    /// beside the storm first in odd ones, so that what drifts meets both alike.
    /// </summary>
    public async Task<StormResult> StormAsync(int first, int connections, double eventsPerSecond, int rounds, TimeSpan length)
    {
        var result = new StormResult();
        RawGateway stormer = _gateways[first + connections];
        for (int half = 0; half < rounds * 2; half++)
        {
            bool isStorm = half % 4 is 1 or 2;
            using var stop = new CancellationTokenSource();
            Task storm = isStorm ? Task.Run(() => StormAsync(stormer, result, stop.Token)) : Task.CompletedTask;
            List<double> times = await AcknowledgeAsync(first, connections, 1, eventsPerSecond, length);
            (isStorm ? result.Stormed : result.Alone).Add(times);
            await stop.CancelAsync();
            await storm;
        }

        return result;
    }

    private async Task StormAsync(RawGateway stormer, StormResult result, CancellationToken stop)
    {
        await stormer.ConnectAsync(CancellationToken.None);
        var post = new PreparedPost(stormer.Id, $"storm{++_epoch}", 256);
        while (!stop.IsCancellationRequested)
        {
            result.Sent++;
            try
            {
                if (await stormer.PostAsync(post.Next(), CancellationToken.None) == 429)
                    result.Refused++;
            }
            catch (IOException)
            {
                // Refused before the body was read: the server may close the connection. A storm comes back.
                result.Refused++;
                await stormer.ConnectAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>Server memory per held GET over mutual TLS, the runtime's heap in it, and how fast the connections opened.</summary>
    public async Task<(double BytesPerGet, double HeapPerGet, double OpenPerSecond, CancellationTokenSource Stop, Task Held)> HoldAsync(int count, List<double> latencies)
    {
        (long before, long heapBefore) = _server.Memory();
        var stop = new CancellationTokenSource();
        int held = 0;
        var watch = Stopwatch.StartNew();
        using var slots = new SemaphoreSlim(32);
        Task all = Task.WhenAll(_gateways.Take(count).Select(async gateway =>
        {
            await slots.WaitAsync();
            await gateway.ConnectAsync(stop.Token);
            slots.Release();
            Interlocked.Increment(ref held);
            ulong seen = 0;
            while (!stop.IsCancellationRequested)
            {
                int status;
                try
                {
                    status = await gateway.GetAsync(string.Create(CultureInfo.InvariantCulture, $"instructions?after={seen}&wait=25"), stop.Token);
                }
                catch (Exception e) when (e is IOException or OperationCanceledException)
                {
                    return;
                }

                long now = Stopwatch.GetTimestamp();
                if (status != 200 || !SmaReader.TryReadInstructions(gateway.Body.Span, out InstructionBatch batch, out _))
                    continue;
                foreach (Instruction instruction in batch.Instructions)
                {
                    seen = Math.Max(seen, instruction.Seq);
                    lock (latencies)
                        latencies.Add(Stopwatch.GetElapsedTime(long.Parse(instruction.Id.AsSpan(1), CultureInfo.InvariantCulture), now).TotalMilliseconds);
                }
            }
        }));
        while (Volatile.Read(ref held) < count)
            await Task.Delay(50);
        double open = count / watch.Elapsed.TotalSeconds;
        await Task.Delay(2000);
        (long after, long heapAfter) = _server.Memory();
        return ((after - before) / (double)count, (heapAfter - heapBefore) / (double)count, open, stop, all);
    }

    /// <summary>From now on gateways that come for the first time have the product's default rates.</summary>
    public void UseDefaultRates() => _server.UseDefaultRates();

    public async Task SendAsync(int count, int connected, double perSecond)
    {
        for (int i = 0; i < count; i++)
        {
            _server.Send(_gateways[RandomNumberGenerator.GetInt32(connected)].Id);
            await Task.Delay(TimeSpan.FromSeconds(1 / perSecond));
        }

        await Task.Delay(1000);
    }

    /// <summary>Kills and restarts the server: time until the hello of every gateway was answered with a welcome and it holds a GET again, and the latest alarm meanwhile.</summary>
    public async Task<(double AllBack, double LatestAlarm)> RestartAsync(int count, int alarms)
    {
        int port = _server.Endpoint.Port;
        _server.Kill();
        _server.Dispose();
        _server = ServerProcess.Start(_folder, port);
        var watch = Stopwatch.StartNew();
        double latest = 0;
        int back = 0;
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Task raised = Task.WhenAll(Enumerable.Range(0, alarms).Select(async i =>
        {
            // Alarms at random moments of the first ten seconds, each over a connection of its own, as a gateway does.
            await Task.Delay(TimeSpan.FromSeconds(10.0 * i / alarms), stop.Token);
            RawGateway gateway = _gateways[count + i];
            double start = watch.Elapsed.TotalSeconds;
            var post = new PreparedPost(gateway.Id, "alarm", 1, EventPriority.Alarm);
            post.Next();
            PreparedPost? alarm = post;
            await RetryAsync(gateway, alarm, true, stop.Token);
            lock (_gateways)
                latest = Math.Max(latest, watch.Elapsed.TotalSeconds - start);
        }));
        Task returned = Task.WhenAll(_gateways.Take(count).Select(async gateway =>
        {
            await RetryAsync(gateway, null, false, stop.Token);
            Interlocked.Increment(ref back);
            try
            {
                await gateway.GetAsync("instructions?wait=25", stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The measurement ended.
            }
        }));
        while (Volatile.Read(ref back) < count && !stop.IsCancellationRequested)
            await Task.Delay(50);
        double all = watch.Elapsed.TotalSeconds;
        await raised;
        await stop.CancelAsync();
        await returned;
        return (all, latest);
    }

    public void Dispose()
    {
        _server?.Dispose();
        foreach (RawGateway gateway in _gateways)
            gateway.Dispose();
        Directory.Delete(_folder, true);
    }

    public static double Percentile(List<double> values, double share)
    {
        lock (values)
        {
            values.Sort();
            return values.Count == 0 ? double.NaN : values[Math.Min(values.Count - 1, (int)(values.Count * share))];
        }
    }

    private static async Task RetryAsync(RawGateway gateway, PreparedPost? alarm, bool isAlarm, CancellationToken stop)
    {
        using var random = RandomNumberGenerator.Create();
        var backoff = new RetryBackoff(random);
        TimeSpan? retry = null;
        bool isConnected = false;
        while (true)
        {
            try
            {
                retry = null;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
                // As the gateway does: RetryBackoff.Patience for alarms, the connect limit of its client otherwise.
                limit.CancelAfter(isAlarm ? backoff.AlarmPatience : TimeSpan.FromSeconds(12));
                if (!isConnected)
                    await gateway.ConnectAsync(limit.Token);
                isConnected = true;
                if (alarm is null ? await gateway.HelloAsync(limit.Token) == 200 : await gateway.PostAsync(alarm.Again, limit.Token) == 202)
                    return;
                retry = gateway.RetryAfter;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException or OperationCanceledException && !stop.IsCancellationRequested)
            {
                // The storm is on; the back-off decides.
                isConnected = false;
            }

            await Task.Delay(backoff.HandleFailure(isAlarm, retry), stop);
        }
    }

    private async Task<RawGateway[]> ConnectAsync(int connections, int first = 0)
    {
        RawGateway[] active = [.. _gateways.Skip(first).Take(connections)];
        foreach (RawGateway gateway in active)
            await gateway.ConnectAsync(CancellationToken.None);
        return active;
    }

    private static TimeSpan Own()
    {
        using var own = Process.GetCurrentProcess();
        return own.TotalProcessorTime;
    }
}

/// <summary>A rate, with the cores that the server and the generator used for it.</summary>
internal readonly record struct Throughput(double PerSecond, double ServerCores, double GeneratorCores)
{
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:N0} (server {ServerCores:0.00} cores, generator {GeneratorCores:0.00})");
}

/// <summary>Acknowledgement times of each round, and what became of the storm's posts.</summary>
internal sealed class StormResult
{
    public List<List<double>> Alone { get; } = [];

    public List<List<double>> Stormed { get; } = [];

    public long Sent { get; set; }

    public long Refused { get; set; }

    public string Text
    {
        get
        {
            double alone = P99(Alone), stormed = P99(Stormed);
            return string.Create(CultureInfo.InvariantCulture, $"{alone:0.0} ms, {stormed:0.0} ms ({(stormed / alone - 1) * 100:+0;-0} %); rounds {Rounds(Alone)} and {Rounds(Stormed)} ms; {Refused} of the storm's {Sent} posts answered 429");
        }
    }

    private static double P99(List<List<double>> rounds) => SignalingRounds.Percentile([.. rounds.SelectMany(round => round)], 0.99);

    private static string Rounds(List<List<double>> rounds) => string.Join("/", rounds.Select(round => SignalingRounds.Percentile(round, 0.99).ToString("0.0", CultureInfo.InvariantCulture)));
}
