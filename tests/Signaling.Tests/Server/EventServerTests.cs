using System.Diagnostics;
using System.Text;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Tests.Contract;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>sma-sig-1 over real HTTPS, rule by rule.</summary>
public sealed class EventServerTests : IAsyncLifetime
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    private ServerRig _rig = null!;
    private SmaHttpLink _link = null!;

    public async Task InitializeAsync()
    {
        _rig = await ServerRig.StartAsync();
        _link = _rig.Link();
    }

    public async Task DisposeAsync()
    {
        _link.Dispose();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Hello_is_answered_with_the_server_clock_the_hold_time_and_what_is_stored()
    {
        await PostEventsAsync(_link, GatewayId, "ep", Event(1), Event(2), Event(4));
        Welcome welcome = await HelloAsync();
        Assert.Equal((GatewayId, (byte)1, 2UL, TimeSpan.FromSeconds(25)), (welcome.Gateway, welcome.Major, welcome.LastEvent, welcome.Hold));
        Assert.InRange((DateTimeOffset.UtcNow - welcome.Time).TotalSeconds, -2, 5);
        Assert.NotNull(welcome.RenewBefore);
    }

    [Fact]
    public async Task Events_are_durable_before_they_are_accepted_and_a_repeat_is_acknowledged_and_not_stored_again()
    {
        EventsAccepted accepted = await PostEventsAsync(_link, GatewayId, "ep", Event(1), Event(2));
        Assert.Equal(2UL, accepted.UpTo);
        Assert.Equal(2, _rig.Storage.Events.Read(0, 10).Count);
        accepted = await PostEventsAsync(_link, GatewayId, "ep", Event(2), Event(3), Event(1));
        Assert.Equal(3UL, accepted.UpTo);
        Assert.Equal([1UL, 2UL, 3UL], _rig.Storage.Events.Read(0, 10).Select(e => e.Event.Seq));
    }

    [Fact]
    public async Task Gaps_are_named_and_an_alarm_overtakes()
    {
        EventsAccepted accepted = await PostEventsAsync(_link, GatewayId, "ep", Event(9, "alarm.raised", EventPriority.Alarm));
        Assert.Equal(0UL, accepted.UpTo);
        Assert.Equal([new SeqRange(1, 8)], accepted.Missing);
        Assert.Equal("alarm.raised", _rig.Storage.Events.Read(0, 10)[0].Event.Kind);
        accepted = await PostEventsAsync(_link, GatewayId, "ep", [.. Enumerable.Range(1, 8).Select(n => Event((ulong)n))]);
        Assert.Equal(9UL, accepted.UpTo);
    }

    [Fact]
    public async Task An_id_that_comes_again_with_another_number_is_acknowledged_logged_and_not_acted_upon()
    {
        await PostEventsAsync(_link, GatewayId, "ep", Event(1, id: "same"));
        EventsAccepted accepted = await PostEventsAsync(_link, GatewayId, "ep", Event(2, id: "same"));
        Assert.Equal(2UL, accepted.UpTo);
        Assert.Single(_rig.Storage.Events.Read(0, 10));
        Assert.Contains(_rig.Logs.Lines, line => line.Contains("4026 Gateway gw-0001 used the event id same for two numbers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_bad_event_is_rejected_and_the_good_ones_are_stored()
    {
        byte[] body = Encoding.UTF8.GetBytes($"""
            <events xmlns="urn:mediarelay:sma:1" gateway="{GatewayId}" epoch="ep">
            <event id="a" seq="1" time="2026-11-21T08:15:28Z" kind="log"/><event id="b" seq="2" time="never" kind="log"/><event id="c" seq="3" time="2026-11-21T08:15:28Z" kind="log"/></events>
            """);
        SmaAnswer answer = await PostAsync(_link, Base + "/events", body);
        Assert.Equal(202, answer.Status);
        Assert.True(SmaReader.TryReadAccepted(answer.Body, out EventsAccepted accepted, out _));
        Assert.Equal((2UL, "schema", 2), (accepted.Rejected[0].Seq, accepted.Rejected[0].Code, accepted.Rejected[0].Line));
        Assert.Equal(3UL, accepted.UpTo);
        Assert.Empty(accepted.Missing);
        Assert.Equal(2, _rig.Storage.Events.Read(0, 10).Count);
    }

    [Fact]
    public async Task A_waiting_instruction_comes_back_with_the_answer_to_events()
    {
        await _rig.Links.SendAsync(GatewayId, Instruction());
        EventsAccepted accepted = await PostEventsAsync(_link, GatewayId, "ep", Event(1));
        Assert.Equal(1UL, Assert.Single(accepted.Instructions!.Instructions).Seq);
    }

    [Fact]
    public async Task A_held_get_is_answered_at_once_when_an_instruction_comes_and_204_at_the_end_of_the_wait()
    {
        var watch = Stopwatch.StartNew();
        SmaAnswer empty = await GetAsync("?after=0&wait=1");
        Assert.Equal(204, empty.Status);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, double.MaxValue); // It was held; how late a busy machine says so is not the point.
        Task<SmaAnswer> held = GetAsync("?after=0&wait=20");
        await UntilAsync(() => _rig.Links.HeldRequests == 1, "the GET is held");
        watch.Restart();
        await _rig.Links.SendAsync(GatewayId, Instruction());
        SmaAnswer answer = await held;
        Assert.Equal(200, answer.Status);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), watch.Elapsed.ToString()); // Long before the 20 s that it was ready to wait.
        Assert.True(SmaReader.TryReadInstructions(answer.Body, out InstructionBatch batch, out _));
        Assert.Equal("property.set", Assert.Single(batch.Instructions).Kind);
    }

    [Fact]
    public async Task After_acknowledges_and_what_is_not_acknowledged_comes_again_after_a_hello()
    {
        await _rig.Links.SendAsync(GatewayId, Instruction());
        await _rig.Links.SendAsync(GatewayId, Instruction());
        Assert.Equal("1 2", string.Join(' ', Seqs(await GetAsync("?after=0&wait=0"))));
        Assert.Equal(204, (await GetAsync("?after=1&wait=0")).Status);
        await HelloAsync(lastInstruction: 1);
        Assert.Equal("2", string.Join(' ', Seqs(await GetAsync("?after=1&wait=0"))));
        Assert.Equal(204, (await GetAsync("?after=2&wait=0")).Status);
        await UntilAsync(() => _rig.Storage.Instructions.BacklogAsync(GatewayId).Result.Waiting.Count == 0, "the acknowledgement is stored");
    }

    [Fact]
    public async Task After_a_restart_a_gateway_that_lost_its_counter_starts_right_before_what_waits()
    {
        for (int i = 0; i < 3; i++)
            await _rig.Links.SendAsync(GatewayId, Instruction());
        await GetAsync("?after=1&wait=0");
        await UntilAsync(() => _rig.Storage.Instructions.BacklogAsync(GatewayId).Result.Waiting.Count == 2, "the acknowledgement is stored");
        await _rig.StopAsync();
        _link.Dispose();
        _rig = await StartAsync(folder: _rig.Folder);
        _link = _rig.Link();
        Assert.Equal(1UL, (await HelloAsync(epochOfInstructions: "unknown")).LastInstruction);
        Assert.Equal("2 3", string.Join(' ', Seqs(await GetAsync("?after=1&wait=0"))));
    }

    [Fact]
    public async Task The_servers_own_epoch_is_refused_in_a_hello()
    {
        var x = new XmlOutput();
        SmaWriter.WriteHello(x, new Hello { Gateway = GatewayId, Epoch = StoredEvent.ServerEpoch, Majors = [1], Software = "test", LastEvent = 1, FirstEvent = SmaContract.MaxSeq, LastInstruction = 0, Time = DateTimeOffset.UtcNow });
        SmaAnswer answer = await PostAsync(_link, Base + "/session", x.Written.ToArray());
        Assert.Equal((422, "meaning"), (answer.Status, ErrorOf(answer).Code));
        Assert.Equal(0UL, await _rig.Storage.Events.ContiguousAsync(GatewayId, StoredEvent.ServerEpoch));
    }

    [Fact]
    public async Task Large_instructions_come_in_answers_that_a_gateway_can_read_and_one_too_large_is_refused_at_once()
    {
        for (int i = 0; i < 4; i++)
            await _rig.Links.SendAsync(GatewayId, Instruction() with { Kind = "media.offer", Device = null, Body = Samples.Offer with { Sdp = new string('v', 60_000) } });
        Assert.Equal("1 2 3", string.Join(' ', Seqs(await GetAsync("?after=0&wait=0"))));
        Assert.Equal("4", string.Join(' ', Seqs(await GetAsync("?after=3&wait=0"))));
        var e = await Assert.ThrowsAsync<ArgumentException>(() => _rig.Links.SendAsync(GatewayId, Instruction() with { Kind = "media.offer", Body = Samples.Offer with { Sdp = new string('v', 70_000) } }));
        Assert.StartsWith("The media.offer is larger than a gateway reads", e.Message, StringComparison.Ordinal);
        Assert.Equal(4UL, (await _rig.Storage.Instructions.BacklogAsync(GatewayId)).Last);
    }

    [Fact]
    public async Task A_gateway_that_lost_its_counter_is_told_and_nothing_new_is_taken_for_known()
    {
        await PostEventsAsync(_link, GatewayId, "ep", Event(1), Event(2), Event(9, "alarm.raised", EventPriority.Alarm));
        Assert.Equal(2UL, (await HelloAsync(lastEvent: 1)).LastEvent);
        foreach (EventPriority priority in new[] { EventPriority.Status, EventPriority.Alarm })
        {
            SmaAnswer answer = await PostAsync(_link, Base + "/events", EventsDocument(GatewayId, "ep", Event(2, "alarm.raised", priority, "another")));
            Assert.Equal((409, "epoch"), (answer.Status, ErrorOf(answer).Code));
        }

        Assert.Equal(0UL, (await HelloAsync(epoch: "new", lastEvent: 1)).LastEvent);
        Assert.Equal(1UL, (await PostEventsAsync(_link, GatewayId, "new", Event(1, "alarm.raised", EventPriority.Alarm, "new-1"))).UpTo);
        Assert.Equal(2UL, (await HelloAsync(lastEvent: 9)).LastEvent);
        Assert.Equal(3UL, (await PostEventsAsync(_link, GatewayId, "ep", Event(3))).UpTo);
    }

    [Theory]
    [InlineData(0, 202)]
    [InlineData(1, 413)]
    [InlineData(700_000, 413)]
    public async Task A_document_may_be_as_large_as_the_welcome_says_and_not_larger(int more, int status)
    {
        int most = (int)(await HelloAsync()).MaxBody;
        byte[] document = EventsDocument(GatewayId, "ep", Event(1));
        byte[] padded = [.. document, .. Enumerable.Repeat((byte)' ', most + more - document.Length)];
        Assert.Equal(status, (await PostAsync(_link, Base + "/events", padded)).Status);
    }

    [Fact]
    public async Task Two_gets_are_held_and_a_third_displaces_the_oldest()
    {
        Task<SmaAnswer> first = GetAsync("?after=0&wait=20");
        await UntilAsync(() => _rig.Links.HeldRequests == 1, "one GET is held");
        Task<SmaAnswer> second = GetAsync("?after=0&wait=20");
        await UntilAsync(() => _rig.Links.HeldRequests == 2, "two GETs are held");
        Task<SmaAnswer> third = GetAsync("?after=0&wait=20");
        Assert.Equal(204, (await first.WaitAsync(TimeSpan.FromSeconds(10))).Status);
        await _rig.Links.SendAsync(GatewayId, Instruction());
        await _rig.Links.SendAsync(GatewayId, Instruction());
        var seqs = new List<ulong>([.. Seqs(await second)]);
        if (seqs.Count < 2)
            seqs.AddRange(Seqs(await third));
        Assert.Equal([1UL, 2UL], seqs);
        _rig.Links.EndHeldRequests();
    }

    [Fact]
    public async Task An_acknowledgement_of_what_was_never_given_asks_for_a_hello()
    {
        SmaAnswer answer = await GetAsync("?after=99&wait=0");
        Assert.Equal((409, "epoch"), (answer.Status, ErrorOf(answer).Code));
        Welcome welcome = await HelloAsync(lastInstruction: 99, epochOfInstructions: (await HelloAsync()).Epoch);
        Assert.Equal(204, (await GetAsync("?after=0&wait=0")).Status);
        Assert.Equal(0UL, welcome.LastInstruction);
    }

    [Fact]
    public async Task Events_of_another_epoch_than_the_hello_are_a_conflict_and_a_new_epoch_starts_at_one()
    {
        await PostEventsAsync(_link, GatewayId, "ep", Event(1));
        await HelloAsync(epoch: "new");
        SmaAnswer answer = await PostAsync(_link, Base + "/events", EventsDocument(GatewayId, "ep", Event(2)));
        Assert.Equal((409, "epoch"), (answer.Status, ErrorOf(answer).Code));
        Assert.Equal(1UL, (await PostEventsAsync(_link, GatewayId, "new", Event(1, id: "new-1"))).UpTo);
    }

    [Fact]
    public async Task The_stream_carries_instructions_with_their_numbers_and_line_breaks()
    {
        using var handler = new SocketsHttpHandler();
#pragma warning disable CA5359 // The server is our own; other tests check its certificate.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        handler.SslOptions.ClientCertificates = [_rig.CertificateOf(GatewayId)];
        using var client = new HttpClient(handler) { BaseAddress = _rig.Address };
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await using Stream stream = await client.GetStreamAsync(Base + "/instructions/stream?after=0", limit.Token);
        await _rig.Links.SendAsync(GatewayId, Samples.Instructions.Single(i => i.Kind == "media.offer"));
        using var reader = new StreamReader(stream);
        string? id = null;
        var data = new StringBuilder();
        while (await reader.ReadLineAsync(limit.Token) is { } line && !(line.Length == 0 && data.Length > 0))
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = line[4..];
            if (line.StartsWith("data: ", StringComparison.Ordinal))
                data.Append(data.Length > 0 ? "\n" : "").Append(line[6..]);
        }

        Assert.Equal("1", id);
        Assert.True(SmaReader.TryReadInstructions(Encoding.UTF8.GetBytes(data.ToString()), out InstructionBatch batch, out SmaFault fault), fault.Text);
        Assert.Equal(Samples.Offer.Sdp, ((MediaBody)batch.Instructions[0].Body!).Sdp);
    }

    [Fact]
    public async Task A_clip_is_uploaded_in_parts_and_goes_on_where_it_stopped()
    {
        SmaAnswer first = await PutAsync("0123", "bytes 0-3/10");
        Assert.Equal((202, "bytes=0-3"), (first.Status, first.Headers["Range"]));
        SmaAnswer gap = await PutAsync("89", "bytes 8-9/10");
        Assert.Equal((409, "gap"), (gap.Status, ErrorOf(gap).Code));
        SmaAnswer asked = await PutAsync("", "bytes */10");
        Assert.Equal((202, "bytes=0-3"), (asked.Status, asked.Headers["Range"]));
        Assert.Equal(201, (await PutAsync("456789", "bytes 4-9/10")).Status);
        Assert.Equal("0123456789", File.ReadAllText(Path.Combine(_rig.Folder, "clips", "gw_" + GatewayId, "clip_c-1")));
        Assert.Equal(201, (await PutAsync("456789", "bytes 4-9/10")).Status);
    }

    [Fact]
    public async Task Configuration_has_a_tag_and_firmware_ranges()
    {
        Assert.Equal(404, (await _link.SendAsync("GET", Base + "/config", default, null, TimeSpan.FromSeconds(5), default)).Status);
        await _rig.Storage.Gateways.SaveConfigurationAsync(GatewayId, new GatewayConfiguration("v7", "<config/>"u8.ToArray()));
        SmaAnswer config = await _link.SendAsync("GET", Base + "/config", default, null, TimeSpan.FromSeconds(5), default);
        Assert.Equal((200, "\"v7\"", "<config/>"), (config.Status, config.Headers["ETag"], Encoding.UTF8.GetString(config.Body)));
        var tag = new Dictionary<string, string> { ["If-None-Match"] = "\"v7\"" };
        Assert.Equal(304, (await _link.SendAsync("GET", Base + "/config", default, tag, TimeSpan.FromSeconds(5), default)).Status);
        Directory.CreateDirectory(Path.Combine(_rig.Folder, "firmware"));
        File.WriteAllText(Path.Combine(_rig.Folder, "firmware", "2.0"), "0123456789");
        var range = new Dictionary<string, string> { ["Range"] = "bytes=4-" };
        SmaAnswer part = await _link.SendAsync("GET", Base + "/firmware/2.0", default, range, TimeSpan.FromSeconds(5), default);
        Assert.Equal((206, "456789", "bytes 4-9/10"), (part.Status, Encoding.UTF8.GetString(part.Body), part.Headers["Content-Range"]));
        Assert.Equal(404, (await _link.SendAsync("GET", Base + "/firmware/..", default, null, TimeSpan.FromSeconds(5), default)).Status);
    }

    [Fact]
    public async Task Values_of_devices_are_kept_with_their_age_and_a_late_older_one_loses()
    {
        DateTimeOffset now = SmaTime.Truncate(DateTimeOffset.UtcNow);
        SmaEvent State(ulong seq, string value, DateTimeOffset at) => Event(seq, "device.state") with { Device = new DeviceBody { Ref = "d", Properties = [new DeviceProperty("t", value, at)] } };
        await PostEventsAsync(_link, GatewayId, "ep", State(1, "21", now), State(2, "20", now.AddSeconds(-30)));
        await UntilAsync(() => _rig.Storage.Properties.Read(GatewayId).Count == 1, "the value is known");
        PropertyValue value = _rig.Storage.Properties.Read(GatewayId)[0];
        Assert.Equal(("21", now), (value.Value, value.At));
        await PostEventsAsync(_link, GatewayId, "ep", Event(3, "device.removed") with { Device = new DeviceBody { Ref = "d" } });
        await UntilAsync(() => _rig.Storage.Properties.Read(GatewayId).Count == 0, "the value is gone");
    }

    [Fact]
    public async Task Handlers_hear_events_the_moment_they_are_durable()
    {
        var heard = new TaskCompletionSource<StoredEvent>();
        using IDisposable subscription = _rig.Links.OnEvents(events => heard.TrySetResult(events[0]));
        await PostEventsAsync(_link, GatewayId, "ep", Event(1, "media.answer") with { Body = Samples.Offer });
        StoredEvent stored = await heard.Task.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal((GatewayId, "s-77", 1L), (stored.Gateway, ((MediaBody)stored.Event.Body!).Session, stored.Position));
        Assert.NotNull(_rig.Links.Address(GatewayId));
    }

    [Theory]
    [InlineData(-23, true)]
    [InlineData(-25, false)]
    public async Task A_clip_that_comes_while_an_alarm_waits_for_its_close_is_kept_as_an_alarm_s(int hours, bool isAlarm)
    {
        DateTimeOffset signal = DateTimeOffset.UtcNow.AddHours(hours);
        string home = _rig.Storage.Gateways.Find(GatewayId)!.Home;
        var incident = new MediaRelay.Signaling.Incidents.Incident { Id = "inc-1", Home = home, Opened = signal, Code = "130", Priority = 1, Title = "burglary", LastSignal = signal, Cancelled = signal };
        await _rig.Storage.Documents.SaveAsync([new StoredDocument("incident", incident.Id, home, true, signal, MediaRelay.Signaling.IO.Portal.PortalJson.Write(incident))]);
        Assert.Equal(201, (await PutAsync("0123456789", "bytes 0-9/10")).Status);
        Assert.Equal(isAlarm, File.Exists(Path.Combine(_rig.Folder, "clips", "gw_" + GatewayId, "alarm_c-1")));
    }

    private Task<SmaAnswer> GetAsync(string query) => _link.SendAsync("GET", Base + "/instructions" + query, default, null, TimeSpan.FromSeconds(30), CancellationToken.None);

    private Task<SmaAnswer> PutAsync(string content, string range) =>
        _link.SendAsync("PUT", Base + "/clips/c-1", Encoding.ASCII.GetBytes(content), new Dictionary<string, string> { ["Content-Range"] = range }, TimeSpan.FromSeconds(10), CancellationToken.None);

    private async Task<Welcome> HelloAsync(string epoch = "ep", ulong lastInstruction = 0, string? epochOfInstructions = null, ulong lastEvent = 4)
    {
        epochOfInstructions ??= (await _rig.Storage.Instructions.BacklogAsync(GatewayId)).Epoch;
        var x = new XmlOutput();
        SmaWriter.WriteHello(x, new Hello { Gateway = GatewayId, Epoch = epoch, Majors = [1], Software = "test", LastEvent = lastEvent, LastInstruction = lastInstruction, InstructionEpoch = epochOfInstructions, Time = DateTimeOffset.UtcNow });
        SmaAnswer answer = await PostAsync(_link, Base + "/session", x.Written.ToArray());
        Assert.True(answer.Status == 200, Encoding.UTF8.GetString(answer.Body));
        Assert.Empty(ContractTests.Validate(answer.Body));
        Assert.True(SmaReader.TryReadWelcome(answer.Body, out Welcome welcome, out _));
        return welcome;
    }

    private static Instruction Instruction() => new()
    {
        Id = Guid.NewGuid().ToString("N"), Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddMinutes(1), Kind = "property.set",
        Device = new DeviceBody { Ref = "light", Properties = [new DeviceProperty("on", "true")] },
    };

    private static ulong[] Seqs(SmaAnswer answer) =>
        SmaReader.TryReadInstructions(answer.Body, out InstructionBatch batch, out _) ? [.. batch.Instructions.Select(i => i.Seq)] : [];

    private static ErrorDocument ErrorOf(SmaAnswer answer)
    {
        Assert.Empty(ContractTests.Validate(answer.Body));
        Assert.True(SmaReader.TryReadError(answer.Body, out ErrorDocument error, out _));
        return error;
    }
}
