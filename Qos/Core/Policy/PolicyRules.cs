using System.Text.Json;
using System.Text.Json.Serialization;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>
/// What a policy server allows. Null and empty mean no limit; what is not said is limited where a limit is given here, so that nobody
/// fills a home's modem with gates because a rules file was forgotten. Immutable; a changed file gives a new object.
/// </summary>
public sealed record PolicyRules
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Rules that allow everything, for loads and for tests of something else.</summary>
    public static PolicyRules Unlimited { get; } = new() { MaxGatesPerSubscriber = null, NewGatesPerMinute = null };

    /// <summary>Gates of one subscriber (error 16, sub-code 1).</summary>
    public int? MaxGatesPerSubscriber { get; init; } = 8;

    /// <summary>New gates of one subscriber in a minute (error 16, sub-code 2). One that the CMTS never answered for does not count.</summary>
    public int? NewGatesPerMinute { get; init; } = 4;

    /// <summary>Sum of upstream gate rates of one subscriber in bit/s (error 16, sub-code 3).</summary>
    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRateUp { get; init; }

    /// <summary>Sum of downstream gate rates of one subscriber in bit/s (error 16, sub-code 3).</summary>
    [JsonConverter(typeof(BitRateConverter))]
    public double? MaxRateDown { get; init; }

    /// <summary>Profile types that may be asked for (error 16, sub-code 4).</summary>
    public IReadOnlyList<TrafficProfileType>? ProfileTypes { get; init; }

    /// <summary>Applications that are served (error 14), with their limits (error 16, sub-codes 5 and 6).</summary>
    public IReadOnlyList<ApplicationRule> Applications { get; init; } = [];

    public IReadOnlyList<SubscriberRule> Subscribers { get; init; } = [];

    /// <summary>Load per CMTS (error 16, sub-code 7).</summary>
    public IReadOnlyList<CmtsRule> Cmts { get; init; } = [];

    /// <summary>Gates of one session class priority, by priority (error 10).</summary>
    public IReadOnlyDictionary<int, int> SessionClassLimits { get; init; } = new Dictionary<int, int>();

    /// <summary>Largest volume limit that may be asked for, in kilobytes (error 8).</summary>
    public ulong? MaxVolumeKilobytes { get; init; }

    /// <summary>Largest time limit that may be asked for, in seconds (error 9).</summary>
    public uint? MaxTimeSeconds { get; init; }

    public RewriteRule? Rewrite { get; init; }

    /// <summary>Ends a gate when its CMTS reports the volume limit (reason 11).</summary>
    public bool CloseAtVolumeLimit { get; init; }

    /// <summary>Ends a gate when its time limit has passed since its acknowledgement (reason 12).</summary>
    public bool CloseAtTimeLimit { get; init; }

    /// <summary>Reads a rules file. False with sentences that say what is wrong and where.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, out PolicyRules rules, out IReadOnlyList<string> faults)
    {
        var found = new List<string>();
        faults = found;
        rules = new PolicyRules();
        try
        {
            rules = JsonSerializer.Deserialize<PolicyRules>(json, Json) ?? rules;
        }
        catch (JsonException fault)
        {
            found.Add($"Rules, line {fault.LineNumber + 1}, {fault.Path}: {fault.Message}");
            return false;
        }
        var subscribers = new List<SubscriberRule>();
        foreach (SubscriberRule rule in rules.Subscribers)
        {
            if (SubscriberPrefix.TryParse(rule.Range, out SubscriberPrefix prefix)) subscribers.Add(rule with { Prefix = prefix });
            else found.Add($"Rules, subscribers: \"{rule.Range}\" is no address range. Write for example 10.1.2.0/24.");
        }
        var applications = new List<ApplicationRule>();
        foreach (ApplicationRule rule in rules.Applications)
        {
            var peers = new List<SubscriberPrefix>();
            foreach (string peer in rule.Peers ?? [])
            {
                if (SubscriberPrefix.TryParse(peer, out SubscriberPrefix range)) peers.Add(range);
                else found.Add($"Rules, applications: \"{peer}\" is no address or range of peers. Write for example 192.0.2.10/32.");
            }
            applications.Add(rule with { PeerRanges = peers });
            if (rule.From is null != rule.To is null) found.Add("Rules, applications: from and to belong together. Give both or none.");
            if (rule.MaxPriority is < 0 or > 7) found.Add($"Rules, applications: maxPriority is {rule.MaxPriority}. Choose 0 to 7.");
        }
        if (rules.Rewrite?.Dscp > 63) found.Add($"Rules, rewrite: dscp is {rules.Rewrite.Dscp}. Choose 0 to 63.");
        if (rules.Rewrite?.MaxPriority is < 0 or > 7) found.Add($"Rules, rewrite: maxPriority is {rules.Rewrite.MaxPriority}. Choose 0 to 7.");
        foreach (int priority in rules.SessionClassLimits.Keys)
        {
            if (priority is < 0 or > 7) found.Add($"Rules, sessionClassLimits: {priority} is no priority. Choose 0 to 7.");
        }
        rules = rules with { Subscribers = subscribers, Applications = applications };
        return found.Count == 0;
    }

    /// <summary>The rule of an application that comes from an address, or null when it is not served.</summary>
    internal ApplicationRule? Find(Amid amid, string peer)
    {
        if (Applications.Count == 0) return Everything;
        foreach (ApplicationRule rule in Applications)
        {
            if (rule.Means(amid.ApplicationType, amid.ApplicationManagerTag) && rule.Serves(peer)) return rule;
        }
        return null;
    }

    internal SubscriberRule? Find(SubscriberId subscriber)
    {
        foreach (SubscriberRule rule in Subscribers)
        {
            if (rule.Prefix.Contains(subscriber)) return rule;
        }
        return null;
    }

    private static readonly ApplicationRule Everything = new();
}
