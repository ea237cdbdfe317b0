using MediaRelay.Server.Configuration;

namespace MediaRelay.Server.Roles;

/// <summary>
/// One switchable part of the program. A role runs when its section exists in the configuration. It only connects:
/// services of an IO project into the container, endpoints into the HTTP listener. It contains no behaviour.
/// </summary>
internal abstract class Role
{
    /// <summary>Name of the configuration section, also shown by health and logs.</summary>
    public abstract string Section { get; }

    /// <summary>The options class that the section is read into.</summary>
    public abstract Type OptionsType { get; }

    /// <summary>One sentence for the sample file and the help.</summary>
    public abstract string Summary { get; }

    /// <summary>Registers the role's services; <paramref name="configuration"/> has been checked.</summary>
    public abstract void AddServices(WebApplicationBuilder builder, ServerConfiguration configuration);

    /// <summary>What is wrong with the files that the options name, a sentence each; they are only read.</summary>
    public virtual IEnumerable<string> CheckFiles(ServerConfiguration configuration) => [];

    /// <summary>Adds the role's HTTP endpoints, if it has any.</summary>
    public virtual void Map(WebApplication app, ServerConfiguration configuration)
    {
    }
}
