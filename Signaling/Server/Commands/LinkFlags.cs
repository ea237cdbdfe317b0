using System.CommandLine;
using System.Net;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Server.Configuration;

namespace MediaRelay.Server.Commands;

/// <summary>Flags that protect gate control links, the same for every command that has such links.</summary>
internal static class LinkFlags
{
    private static readonly Option<string> Certificate = File("--tls-certificate", "Certificate (PEM) for TLS on all gate control links; it names this end's address. Read again when it changes.");
    private static readonly Option<string> Key = File("--tls-key", "Private key (PEM) of the certificate.");
    private static readonly Option<string> Authority = File("--tls-authority", "Authorities (PEM) that may have signed the certificate of the other end, which has to name its address too.");
    private static readonly Option<bool> Ipsec = new("--ipsec") { Description = "IPsec protects links to other machines; without it and without TLS only loopback addresses are used." };

    public static void AddTo(Command command)
    {
        command.Add(Certificate);
        command.Add(Key);
        command.Add(Authority);
        command.Add(Ipsec);
    }

    /// <summary>The files, or null for plain links; a plain link to another machine is a fault.</summary>
    public static LinkFiles? Read(ParseResult parse, IEnumerable<IPEndPoint> addresses, List<ConfigurationFault> faults)
    {
        if (!LinkFiles.TryMake(parse.GetValue(Certificate)!, parse.GetValue(Key)!, parse.GetValue(Authority)!, "--tls-...", out LinkFiles? files, out string fault))
        {
            faults.Add(new("--tls-certificate", fault));
            return null;
        }
        foreach (IPEndPoint address in addresses)
        {
            if (LinkFiles.Refusal(address, files, parse.GetValue(Ipsec), "--ipsec") is { } refusal) faults.Add(new("--tls-certificate", refusal));
        }
        if (files is not null && LinkSecurity.Check(files) is { } wrong) faults.Add(new("--tls-certificate", wrong));
        return files;
    }

    private static Option<string> File(string name, string description) => new(name) { Description = description, HelpName = "file", DefaultValueFactory = _ => "" };
}
