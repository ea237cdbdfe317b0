using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Ice;

public sealed class CandidateTests
{
    public static TheoryData<string, bool> Lines() => Rows("candidate_lines", row => (row.TextProperty("line"), row.GetProperty("valid").GetBoolean()));

    [Theory]
    [MemberData(nameof(Lines))]
    public void Each_line_of_the_vectors_is_accepted_or_refused(string line, bool valid)
    {
        Assert.Equal(valid, Candidate.TryRead(line, out var candidate, out var error));
        Assert.Equal(valid, error == CandidateError.None);
        if (valid) Assert.Equal(line, candidate!.ToString());
    }

    [Theory]
    [InlineData("candidate:1 1 UDP 1 10.0.1.1 8998 typ newtype", CandidateType.Unknown)]
    [InlineData("candidate:1 1 SCTP 1 10.0.1.1 8998 typ host", CandidateType.Host)]
    [InlineData("candidate:1 2 UDP 1 10.0.1.1 8998 typ host", CandidateType.Host)]
    [InlineData("candidate:1 1 TCP 1 10.0.1.1 9 typ host tcptype active", CandidateType.Host)]
    [InlineData("candidate:0 1 UDP 1 8f4c9a1e-3c0b-4a10-9f1b-7d9d6f5b2a11.local 57312 typ host", CandidateType.Host)]
    public void What_the_agent_cannot_pair_reads_but_is_not_usable(string line, CandidateType type)
    {
        Assert.True(Candidate.TryRead(line, out var candidate, out _));
        Assert.Equal(type, candidate!.Type);
        Assert.False(candidate.IsUsable);
    }

    [Theory]
    [InlineData("a=candidate:1 1 udp 7 10.0.1.1 5 typ srflx raddr 10.0.0.1 rport 6 generation 0 ufrag aB3+\r\n")]
    public void Attribute_prefix_line_end_and_extensions_are_read(string line)
    {
        Assert.True(Candidate.TryRead(line, out var candidate, out _));
        Assert.Equal(TransportAddress.Parse("10.0.1.1:5"), candidate!.Address);
        Assert.Equal("aB3+", candidate.UsernameFragment);
        Assert.Equal("0", candidate.Extension("generation"));
        Assert.Null(candidate.Extension("aB3+"));
        Assert.Equal(6, candidate.RelatedPort);
    }

    public static TheoryData<string, int, int, uint> Priorities() => Rows(
        "candidate_priorities",
        row => (row.TextProperty("type"), row.GetProperty("local_preference").GetInt32(), row.GetProperty("component").GetInt32(), row.GetProperty("priority").GetUInt32()));

    [Theory]
    [MemberData(nameof(Priorities))]
    public void Candidate_priority_is_the_formula_of_section_5_1_2_1(string token, int preference, int component, uint priority)
    {
        Assert.True(Candidate.TryRead($"candidate:1 1 udp 1 10.0.0.1 1 typ {token}", out var candidate, out _));
        Assert.Equal(priority, IcePriority.OfCandidate(candidate!.Type, preference, component));
    }

    public static TheoryData<uint, uint, ulong> PairPriorities() => Rows(
        "pair_priorities",
        row => (row.GetProperty("controlling").GetUInt32(), row.GetProperty("controlled").GetUInt32(), ulong.Parse(row.TextProperty("pair_priority"), System.Globalization.CultureInfo.InvariantCulture)));

    [Theory]
    [MemberData(nameof(PairPriorities))]
    public void Pair_priority_is_the_formula_of_section_6_1_2_3(uint controlling, uint controlled, ulong priority) =>
        Assert.Equal(priority, IcePriority.OfPair(controlling, controlled));

    public static TheoryData<string, string, bool> Foundations() => Rows(
        "foundations", row => (row.GetProperty("a").GetRawText(), row.GetProperty("b").GetRawText(), row.GetProperty("same").GetBoolean()));

    [Theory]
    [MemberData(nameof(Foundations))]
    public void Foundations_are_equal_when_type_base_server_and_transport_are(string a, string b, bool same)
    {
        var session = new IceSession(new IceConfiguration(), new CountingRandom());
        var first = FoundationOf(session, a);
        var second = FoundationOf(session, b);
        // Candidates over TCP are never made, so they have no foundation to compare.
        if (first is null || second is null) return;
        Assert.Equal(same, first == second);
    }

    [Fact]
    public void Reading_what_was_written_gives_the_same_candidate()
    {
        var property = Prop.ForAll(
            ArbMap.Default.ArbFor<(uint Priority, uint Bits, ushort Port, byte Type, byte Foundation)>(),
            x =>
            {
                var type = (CandidateType)(x.Type % 4);
                var candidate = new Candidate
                {
                    Foundation = $"f{x.Foundation}",
                    Priority = (x.Priority & int.MaxValue) | 1,
                    Address = TransportAddress.V4(x.Bits, x.Port),
                    Type = type,
                    TypeToken = Candidate.TokenOf(type),
                    RelatedAddress = x.Type > 100 ? "10.0.0.1" : null,
                    RelatedPort = x.Type > 100 ? x.Port : null,
                    Extensions = x.Foundation > 100 ? "generation 0" : "",
                };
                return Candidate.TryRead(candidate.ToString(), out var read, out _) && read == candidate;
            });
        property.QuickCheckThrowOnFailure();
    }

    private static string? FoundationOf(IceSession session, string json)
    {
        using var document = JsonDocument.Parse(json);
        var row = document.RootElement;
        if (row.TextProperty("proto") != "udp") return null;
        var type = row.TextProperty("type") switch { "host" => CandidateType.Host, "srflx" => CandidateType.ServerReflexive, _ => CandidateType.Relayed };
        var server = row.TryGetProperty("server", out var s) && s.GetString() is { } text ? Address(text, row.TryGetProperty("server_port", out var p) ? p.GetInt32() : 3478) : default;
        var transport = row.TryGetProperty("to_server", out var to) && to.GetString() == "tcp" ? RelayTransport.Tcp : RelayTransport.Udp;
        return session.FoundationOf(type, Address(row.TextProperty("base"), 1), server, transport);
    }

    private static TransportAddress Address(string text, int port) => TransportAddress.From(System.Net.IPAddress.Parse(text), port);

    private static TheoryData<T1, T2> Rows<T1, T2>(string property, Func<JsonElement, (T1, T2)> read)
    {
        var data = new TheoryData<T1, T2>();
        foreach (var (a, b) in VectorFile.Rows("ice.json", property).Select(read)) data.Add(a, b);
        return data;
    }

    private static TheoryData<T1, T2, T3> Rows<T1, T2, T3>(string property, Func<JsonElement, (T1, T2, T3)> read)
    {
        var data = new TheoryData<T1, T2, T3>();
        foreach (var (a, b, c) in VectorFile.Rows("ice.json", property).Select(read)) data.Add(a, b, c);
        return data;
    }

    private static TheoryData<T1, T2, T3, T4> Rows<T1, T2, T3, T4>(string property, Func<JsonElement, (T1, T2, T3, T4)> read)
    {
        var data = new TheoryData<T1, T2, T3, T4>();
        foreach (var (a, b, c, d) in VectorFile.Rows("ice.json", property).Select(read)) data.Add(a, b, c, d);
        return data;
    }
}
