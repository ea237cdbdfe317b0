using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace MediaRelay.Architecture.Tests;

/// <summary>The compiled pure assemblies reach for no clock, socket, task, file, log or random source.</summary>
public sealed class PureCoreTests
{
    public static TheoryData<string> PureAssemblies => [.. Repository.Projects.Where(p => p.IsPure).Select(p => p.Assembly)];

    [Theory]
    [MemberData(nameof(PureAssemblies))]
    public void A_pure_assembly_uses_no_banned_symbol(string assembly)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        var reader = file.GetMetadataReader();
        var (types, namespaces, members) = Banned();
        var found = new List<string>();
        foreach (var handle in reader.TypeReferences)
        {
            var type = reader.GetTypeReference(handle);
            var space = reader.GetString(type.Namespace);
            var name = $"{space}.{reader.GetString(type.Name)}";
            if (types.Contains(name) || namespaces.Contains(space))
            {
                found.Add(name);
            }
        }

        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                var type = reader.GetTypeReference((TypeReferenceHandle)member.Parent);
                var name = $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}.{reader.GetString(member.Name).Replace("get_", "", StringComparison.Ordinal)}";
                if (members.Contains(name))
                {
                    found.Add(name);
                }
            }
        }

        Assert.True(found.Count == 0, $"{assembly} uses {string.Join(", ", found.Distinct())}.");
    }

    [Fact]
    public void The_list_of_banned_symbols_covers_clock_socket_task_file_and_log()
    {
        var (types, namespaces, members) = Banned();
        Assert.Contains("System.TimeProvider", types);
        Assert.Contains("System.Net.Sockets", namespaces);
        Assert.Contains("Microsoft.Extensions.Logging", namespaces);
        Assert.Contains("System.DateTime.UtcNow", members);
        Assert.Contains("System.Threading.Tasks.Task.Delay", members);
    }

    private static (HashSet<string> Types, HashSet<string> Namespaces, HashSet<string> Members) Banned()
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        var namespaces = new HashSet<string>(StringComparer.Ordinal);
        var members = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in Repository.Read("BannedSymbols.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var symbol = line.Split(';')[0];
            var set = symbol[0] switch { 'T' => types, 'N' => namespaces, _ => members };
            set.Add(symbol[2..].Split('(')[0]);
        }

        return (types, namespaces, members);
    }
}
