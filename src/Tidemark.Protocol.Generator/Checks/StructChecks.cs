using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Checks;

/// <summary>Checks the structs of one message and how they refer to each other.</summary>
public sealed class StructChecks(string path, MessageModel message, List<Problem> problems)
{
    private readonly HashSet<string> _used = [];

    public void Run()
    {
        var names = new HashSet<string>();
        foreach (StructModel model in message.Structs)
        {
            if (!names.Add(model.Name))
            {
                Fail(model.Place, $"The struct {model.Name} is defined twice in this message.");
            }

            if (message.Body.Fields.Any(field => field.Name == model.Name) || model.Name == message.ClassName)
            {
                Fail(model.Place, $"The struct {model.Name} would collide with the message's member of that name.");
            }
        }

        CheckStruct(message.Body);
        foreach (StructModel model in message.Structs)
        {
            CheckStruct(model);
            CheckRecursion(model, model.Name, 0);
        }

        foreach (StructModel model in message.Structs)
        {
            if (!_used.Contains(model.Name))
            {
                Fail(model.Place, $"No field is of type {model.Name}.");
            }
        }
    }

    private void CheckStruct(StructModel model)
    {
        var names = new HashSet<string>();
        var tags = new HashSet<int>();
        foreach (FieldModel field in model.Fields)
        {
            if (!names.Add(field.Name))
            {
                Fail(field.Place, $"The field {field.Name} is defined twice.");
            }

            if (field.Name == model.Name)
            {
                Fail(field.Place, $"The field {field.Name} has the name of the struct that it is in.");
            }

            if (field.IsTagged && !tags.Add(field.Tag))
            {
                Fail(field.Place, $"Tag {field.Tag} is taken by another field.");
            }

            CheckType(field);
            FieldChecks.Check(path, message, field, problems);
        }

        for (int tag = 0; tag < tags.Count; tag++)
        {
            if (!tags.Contains(tag))
            {
                Fail(model.Place, $"Tags count from 0 without gaps: {tag} is missing in {model.Name}.");
                break;
            }
        }
    }

    private void CheckType(FieldModel field)
    {
        if (!field.Type.IsStruct)
        {
            return;
        }

        _used.Add(field.Type.StructName);
        if (message.FindStruct(field.Type.StructName) is null)
        {
            Fail(field.Place, $"There is no type {field.Type.StructName}: indent its fields below this one, or add a struct block.");
        }
    }

    /// <summary>Recursive structs would let a frame nest as deeply as it likes and exhaust the stack.</summary>
    private bool CheckRecursion(StructModel model, string root, int depth)
    {
        foreach (FieldModel field in model.Fields)
        {
            if (!field.Type.IsStruct || message.FindStruct(field.Type.StructName) is not { } inner)
            {
                continue;
            }

            if (inner.Name == root || depth > message.Structs.Count)
            {
                Fail(field.Place, $"The struct {root} contains itself: nesting must end.");
                return false;
            }

            if (!CheckRecursion(inner, root, depth + 1))
            {
                return false;
            }
        }

        return true;
    }

    private void Fail(Place place, string text) => problems.Add(new Problem(path, place, Diagnostics.Meaning, text));
}
